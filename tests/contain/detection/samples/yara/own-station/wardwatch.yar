// wardwatch detection: own station; expires 2027-02-25
import "hash"

rule wardwatch_update_by_mount {
  meta:
    description = "Hidden update function: programs are replaced from a fixed peer"
    reference = "CVE-2025-0626, CVE-2025-1204, CWE-912, CWE-494"
    expires = "2027-02-25"
    wardwatch = "firmware.reverse-backdoor"
  strings:
    $mount = /mount( -o [a-z0-9,=]{1,40})? -t nfs/
    $nfs = "nfs" fullword
    $nolock = "nolock" fullword
    $share = ":/pm" fullword
    $share_word = "pm" fullword
    $copy = /cp -[a-zA-Z]{0,4}[rR][a-zA-Z]{0,4} /
    $copy_word = "-rf" fullword
    $unmount = "umount"
    $programs = "/opt/bin"
    $up = /ifconfig [a-z0-9%]{1,8} (up|%s)/
    $up_word = "eth0"
  condition:
    filesize < 32MB and ($mount or ($nfs and $nolock)) and ($share or $share_word)
    and ($copy or $copy_word) and $programs and $unmount and ($up or $up_word)
}

rule wardwatch_published_address_with_mount {
  meta:
    description = "Fixed peer in the code"
    reference = "CVE-2025-0683, CVE-2025-0626, CWE-912, CWE-798"
    expires = "2027-02-25"
    wardwatch = "firmware.hard-coded-peer"
  strings:
    $address_0 = "202.114.4.119" ascii wide
    $address_0_network = { CA 72 04 77 }
    $address_0_word = { 77 04 72 CA }
    $address_1 = "202.114.4.120" ascii wide
    $address_1_network = { CA 72 04 78 }
    $address_1_word = { 78 04 72 CA }
    $nfs = "nfs" fullword
    $mount = "mount"
  condition:
    filesize < 32MB and any of ($address_*) and $nfs and $mount
}

rule wardwatch_published_program {
  meta:
    description = "Known file"
    reference = "CVE-2025-0626"
    expires = "2027-02-25"
    wardwatch = "firmware.known-binary"
  condition:
    hash.sha256(0, filesize) == "4e42d3b131bd10d8f192d2d15c23bd68164c1bf3daf3c33803b8e81cb4d896ad"
}
