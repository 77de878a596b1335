"""In: text from anywhere, an attacker's included. Out: the same text without anything a terminal would obey."""

import re
from typing import Final

# C0, DEL, C1 (a terminal may obey U+009B as CSI), the bidirectional controls that reorder what is read
# (Unicode TR 36, section 2.1), line and paragraph separators, zero-width characters and lone surrogates.
_OBEYED: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)

_CUT_BEFORE: Final = re.compile(r"… \([0-9]{1,18} more characters\)\Z")
"""The mark of an earlier cut: text that bears it at or behind the limit is not cut again."""
_LATIN_1_END: Final = 0xFF


def printable(text: str, limit: int = 4096) -> str:
    """`text` with every control character shown as an escape, cut to `limit` characters with a mark."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    if _CUT_BEFORE.search(text, limit):
        return _OBEYED.sub(_escape, text)
    shown = _OBEYED.sub(_escape, text[:limit])
    more = max(0, len(text) - limit) + max(0, len(shown) - limit)
    return f"{shown[:limit]}… ({more} more characters)" if more else shown


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code <= _LATIN_1_END else f"\\u{code:04x}"
