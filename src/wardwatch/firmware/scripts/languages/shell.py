"""In: a shell script. Out: the commands it runs, in order, with what is known of their words and conditions.

dash, BusyBox ash and Bash: POSIX.1-2024, volume 3, chapter 2, and what scripts use of the latter two beyond that.
"""

from typing import Final

from wardwatch.firmware.scripts.language import Language
from wardwatch.firmware.scripts.shell.examine import examined

LANGUAGE: Final = Language(
    name="shell",
    title="shell script (POSIX sh, BusyBox ash, Bash)",
    interpreters=("sh", "ash", "bash", "dash", "ksh", "hush", "rc.common"),
    endings=(".sh",),
    read=examined,
)
