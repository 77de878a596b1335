"""In: a file or standard input. Out: whether its content is a capture or a flow log; InputError where it is neither."""

from enum import Enum, auto

from wardwatch.errors import InputError

from .examine import Source


class InputKind(Enum):
    """What an input is, by its content."""

    CAPTURE = auto()
    LOG = auto()


def recognise(source: Source, *, is_log: bool = False) -> InputKind:
    """The kind of `source`, by its first bytes, decompressed; nothing of standard input is used up."""
    from .capture import head_of, not_a_capture, sniff  # noqa: PLC0415  # loads the kernel

    head = head_of(source)
    if sniff(head):
        return InputKind.CAPTURE
    from .logs import sniff as sniff_log  # noqa: PLC0415  # not needed for captures

    if is_log or sniff_log(head):
        return InputKind.LOG
    raise not_a_capture(source, head)


__all__ = ["InputError", "InputKind", "recognise"]
