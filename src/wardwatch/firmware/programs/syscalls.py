"""In: nothing. Out: the numbers of the Linux system calls that matter here, for each instruction set.

From the kernel's tables (arch/*/kernel/syscalls or include/uapi/asm-generic/unistd.h); MIPS: o32, counted from 4000.
"""

from collections.abc import Mapping
from typing import Final

from .binary import Machine

MIPS_O32: Final = 4000


def _table(text: str, base: int = 0) -> dict[int, str]:
    words = text.split()
    return {base + int(number): name for name, number in zip(words[::2], words[1::2], strict=True)}


_OLD: Final = """fork 2 read 3 write 4 open 5 link 9 unlink 10 execve 11 chdir 12 chmod 15 mount 21 kill 37
rename 38 mkdir 39
pipe 42 umount2 52 ioctl 54 chroot 61 dup2 63 symlink 83 reboot 88 clone 120 init_module 128"""

NUMBERS: Final[Mapping[Machine, Mapping[int, str]]] = {
    Machine.ARM: _table(
        _OLD + """ vfork 190 pivot_root 218 socket 281 bind 282 connect 283 listen 284 accept 285 send 289 sendto 290
        recv 291 recvfrom 292 setsockopt 294 sendmsg 296 recvmsg 297 openat 322 unlinkat 328 renameat 329 fchmodat 333
        pipe2 359 accept4 366 finit_module 379 renameat2 382 execveat 387"""
    ),
    Machine.X86: _table(
        _OLD + """ umount 22 socketcall 102 vfork 190 pivot_root 217 openat 295 unlinkat 301 renameat 302 fchmodat 306
        pipe2 331 finit_module 350 renameat2 353 execveat 358 socket 359 bind 361 connect 362 listen 363 accept4 364
        setsockopt 366 sendto 369 sendmsg 370 recvfrom 371 recvmsg 372"""
    ),
    Machine.X86_64: _table(
        """read 0 write 1 open 2 ioctl 16 pipe 22 dup2 33 socket 41 connect 42 accept 43 sendto 44
        recvfrom 45 sendmsg 46
        recvmsg 47 bind 49 listen 50 setsockopt 54 clone 56 fork 57 vfork 58 execve 59 kill 62 chdir 80
        rename 82 mkdir 83
        link 86 unlink 87 symlink 88 chmod 90 pivot_root 155 chroot 161 mount 165 umount2 166 reboot 169
        init_module 175
        openat 257 unlinkat 263 renameat 264 fchmodat 268 accept4 288 pipe2 293 finit_module 313 renameat2 316
        execveat 322"""
    ),
    Machine.AARCH64: _table(
        """dup3 24 ioctl 29 mkdirat 34 unlinkat 35 symlinkat 36 linkat 37 renameat 38 umount2 39 mount 40
        pivot_root 41
        chdir 49 chroot 51 fchmodat 53 openat 56 pipe2 59 read 63 write 64 init_module 105 kill 129
        reboot 142 socket 198
        bind 200 listen 201 accept 202 connect 203 sendto 206 recvfrom 207 setsockopt 208 sendmsg 211 recvmsg 212
        clone 220 execve 221 accept4 242 finit_module 273 renameat2 276 execveat 281"""
    ),
    Machine.MIPS: _table(
        _OLD + """ umount 22 accept 168 bind 169 connect 170 listen 174 recv 175 recvfrom 176 recvmsg 177 send 178
        sendmsg 179 sendto 180 setsockopt 181 socket 183 pivot_root 216 openat 288 unlinkat 294 renameat 295
        fchmodat 299
        pipe2 328 accept4 334 finit_module 348 renameat2 351 execveat 356""",
        MIPS_O32,
    ),
    Machine.POWERPC: _table(
        _OLD + """ umount 22 socketcall 102 vfork 189 pivot_root 203 openat 286 unlinkat 292 renameat 293 fchmodat 297
        pipe2 317 socket 326 bind 327 connect 328 listen 329 accept 330 send 334 sendto 335 recv 336 recvfrom 337
        setsockopt 339 sendmsg 341 recvmsg 342 accept4 344 finit_module 353 renameat2 357 execveat 362"""
    ),
}  # fmt: skip
