"""In: the name of an imported function. Out: how running treats it: its model, and how its arguments are written down.

A letter an argument: s text, i number, f descriptor or stream, a socket address and its length, b buffer and its length,
r structure of 40 bytes, v array of texts, l texts up to NULL, w vector of buffers, M message, F printf format and what
follows, p pointer to code, `.` left out.
"""

from typing import Final

MATTERS: Final = {
    "system": ("none", "s"),
    "popen": ("none", "ss"),
    "execl": ("none", "sl"),
    "execlp": ("none", "sl"),
    "execle": ("none", "sl"),
    "execv": ("none", "sv"),
    "execvp": ("none", "sv"),
    "execve": ("none", "sv"),
    "execvpe": ("none", "sv"),
    "fexecve": ("none", "fv"),
    "posix_spawn": ("none", ".s..v"),
    "posix_spawnp": ("none", ".s..v"),
    "mount": ("none", "sssis"),
    "umount": ("none", "s"),
    "umount2": ("none", "si"),
    "ioctl": ("none", "fir"),
    "socket": ("socket", "iii"),
    "bind": ("none", "fa"),
    "connect": ("connect", "fa"),
    "send": ("none", "fbi"),
    "sendto": ("none", "fbi.a"),
    "sendmsg": ("none", "fM"),
    "write": ("none", "fbi"),
    "writev": ("none", "fwi"),
    "inet_addr": ("inet_addr", "s"),
    "inet_aton": ("inet_aton", "s"),
    "inet_network": ("none", "s"),
    "inet_pton": ("inet_pton", "is"),
    "getaddrinfo": ("getaddrinfo", "ss"),
    "gethostbyname": ("gethostbyname", "s"),
    "gethostbyname2": ("gethostbyname", "s"),
    "open": ("open", "si"),
    "openat": ("openat", "isi"),
    "creat": ("open", "si"),
    "fopen": ("open", "ss"),
    "freopen": ("open", "ss"),
    "rename": ("none", "ss"),
    "renameat": ("none", ".s.s"),
    "unlink": ("none", "s"),
    "unlinkat": ("none", ".s"),
    "remove": ("none", "s"),
    "chmod": ("none", "si"),
    "fchmod": ("none", "fi"),
    "symlink": ("none", "ss"),
    "link": ("none", "ss"),
    "chroot": ("none", "s"),
    "pivot_root": ("none", "ss"),
    "mknod": ("none", "si"),
    "swapon": ("none", "s"),
    "reboot": ("none", "i"),
    "sethostname": ("none", "s"),
    "dlopen": ("none", "si"),
    "curl_easy_setopt": ("none", "iis"),
    "ssl_ctx_set_verify": ("none", "iip"),
    "ssl_set_verify": ("none", "iip"),
    "ssl_get_verify_result": ("none", "i"),
    "wolfssl_ctx_set_verify": ("none", "iip"),
    "wolfssl_set_verify": ("none", "iip"),
    "mbedtls_ssl_conf_authmode": ("none", "ii"),
    "mbedtls_ssl_get_verify_result": ("none", "i"),
    "gnutls_certificate_verify_peers2": ("none", "i"),
    "evp_digestverifyfinal": ("none", "ibi"),
    "evp_digestverify": ("none", "ibi"),
    "evp_verifyfinal": ("none", "ibi"),
    "evp_pkey_verify": ("none", "ibi"),
    "rsa_verify": ("none", "i"),
    "ecdsa_verify": ("none", "i"),
    "ed25519_verify": ("none", "i"),
    "mbedtls_pk_verify": ("none", "i"),
    "mbedtls_rsa_pkcs1_verify": ("none", "i"),
    "wc_rsassl_verify": ("none", "i"),
    "wc_ecc_verify_hash": ("none", "i"),
    "crypto_sign_verify_detached": ("none", "i"),
    "pthread_create": ("none", "..pi"),
    "signal": ("none", "ip"),
    "sigaction": ("none", "ir"),
    "timer_create": ("none", "ir"),
    "setitimer": ("none", "ir"),
    "init_module": ("none", "i"),
}
"""Calls that matter: functions that make them are run."""

SEEN: Final = {
    "strcmp": ("strcmp", "ss"),
    "strncmp": ("strncmp", "ssi"),
    "strcasecmp": ("none", "ss"),
    "strncasecmp": ("none", "ssi"),
    "fprintf": ("none", "fF"),
    "fprintf_chk": ("none", "fiF"),
    "dprintf": ("none", "fF"),
    "fputs": ("none", "sf"),
    "fwrite": ("none", "sii f".replace(" ", "")),
    "syslog": ("none", "iF"),
    "openlog": ("none", "s"),
    "sendfile": ("none", "ff"),
    "getenv": ("none", "s"),
    "setenv": ("none", "ssi"),
    "setsockopt": ("none", "fii"),
    "atexit": ("none", "p"),
}
"""Written down where running passes them, but no reason to run a function."""

MODELS: Final = {
    name: name
    for name in (
        "strlen strcpy stpcpy strncpy strcat strncat memcmp strchr strrchr strstr memcpy mempcpy bcopy memset bzero "
        "strdup strndup sprintf snprintf vsprintf vsnprintf asprintf vasprintf sprintf_chk snprintf_chk vsprintf_chk "
        "vsnprintf_chk asprintf_chk strlcpy strlcat atoi toupper tolower inet_ntoa malloc calloc realloc read fread "
        "fgets sscanf exit"
    ).split()
} | {
    "memmove": "memcpy",
    "memcpy_chk": "memcpy",
    "memmove_chk": "memcpy",
    "memset_chk": "memset",
    "strcpy_chk": "strcpy",
    "strcat_chk": "strcat",
    "strncpy_chk": "strncpy",
    "strncat_chk": "strncat",
    "stpcpy_chk": "stpcpy",
    "aeabi_memcpy": "memcpy",
    "aeabi_memcpy4": "memcpy",
    "aeabi_memcpy8": "memcpy",
    "aeabi_memmove": "memcpy",
    "aeabi_memmove4": "memcpy",
    "aeabi_memclr": "bzero",
    "aeabi_memclr4": "bzero",
    "aeabi_memclr8": "bzero",
    "xpg_strerror_r": "none",
    "htons": "swap16",
    "ntohs": "swap16",
    "htonl": "swap32",
    "ntohl": "swap32",
    "bcmp": "memcmp",
    "index": "strchr",
    "rindex": "strrchr",
    "strtol": "atoi",
    "strtoul": "atoi",
    "recv": "read",
    "recvfrom": "read",
    "xmalloc": "malloc",
    "_exit": "exit",
    "exit_group": "exit",
    "abort": "exit",
    "assert_fail": "exit",
    "stack_chk_fail": "exit",
    "fileno": "same",
    "fdopen": "same",
    "isoc99_sscanf": "sscanf",
    "isoc23_sscanf": "sscanf",
    "isoc23_strtol": "atoi",
    "pthread_mutex_lock": "zero",
    "pthread_mutex_unlock": "zero",
}

RULES: Final = {**{name: (model, "") for name, model in MODELS.items()}, **SEEN, **MATTERS}
_LONGER: Final = ("64_time64", "_time64", "64")


def plain_name(name: str) -> str:
    """The name in lower case without version, leading underscores and the suffixes of the 64-bit interface."""
    plain = name.split("@", 1)[0].lower()
    stripped = plain.lstrip("_") or plain
    for suffix in _LONGER:
        if stripped.endswith(suffix) and stripped.removesuffix(suffix) in RULES:
            return stripped.removesuffix(suffix)
    if plain == "_exit":
        return plain
    short = stripped.removeprefix("libc_")
    return short if short in RULES else stripped
