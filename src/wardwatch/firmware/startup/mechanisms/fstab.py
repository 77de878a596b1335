"""In: the files of an image. Out: the file systems that are mounted as the system starts, network ones above all.

fstab(5); each line is shown as the mount command it amounts to. `noauto` waits until somebody asks for it.
"""

from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, lines

_KINDS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smbfs", "smb3", "fuse.sshfs", "ncpfs", "9p", "davfs", "afs", "ceph", "glusterfs"}
)
_FIELDS: Final = 3
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.:,=_-@%+")


def find(files: Files) -> Iterator[Started]:
    """The lines with a network file system."""
    for number, line in lines(files, "/etc/fstab"):
        fields = line.split()
        if len(fields) < _FIELDS:
            yield Started("/etc/fstab", number, line, "", Stage.FILE_SYSTEMS, missing="it has fewer than three fields")
            continue
        source, target, kind = (_quoted(field) for field in fields[:3])
        options = fields[3] if len(fields) > _FIELDS else "defaults"
        if fields[2] not in _KINDS:
            continue
        automatic = "noauto" not in options.split(",")
        when = "fstab, as the system starts" if automatic else "fstab, when somebody asks for it"
        command = f"mount -t {kind} -o {_quoted(options)} {source} {target}"
        yield Started("/etc/fstab", number, command, when, Stage.FILE_SYSTEMS, sure=automatic)


def _quoted(field: str) -> str:
    plain = field.replace("\\040", " ")
    return plain if set(plain) <= _PLAIN else "'" + plain.replace("'", "'\\''") + "'"


MECHANISM: Final = Mechanism("fstab", "network file systems of fstab", "fstab(5)", find)
