"""In: a program with symbols. Out: names of well-known functions among its own: those that a symbol names.

In a static program those are the library's. A dynamic program has only what a compiler puts in (memcpy, bcmp): the
others would be functions of its own that happen to have such a name.
"""

from typing import Final

from wardwatch.firmware.programs.binary import Binary

from .rules import MODELS, RULES, plain_name

RUN: Final = frozenset({"longjmp", "siglongjmp", "longjmp_chk"})
"""Where their code is at hand, it shows where control goes. Of imports all that is known is that they do not return."""


def named(binary: Binary) -> dict[int, str]:
    """Function's start to name."""
    wanted = frozenset(RULES if binary.statically_linked else MODELS) - RUN
    return {function.start: function.name for function in binary.functions if plain_name(function.name) in wanted}
