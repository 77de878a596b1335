"""In: text from anywhere, an attacker's included. Out: the same text without anything a terminal would obey."""

import re
from typing import Final

# C0, DEL, C1 (a terminal may obey U+009B as CSI), the bidirectional controls that reorder what is read
# (Unicode TR 36, section 2.1), line and paragraph separators, zero-width characters and lone surrogates.
_OBEYED: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)

_LATIN_1_END: Final = 0xFF


def printable(text: str, limit: int = 4096) -> str:
    """`text` with every control character shown as an escape, cut to `limit` characters with a mark."""
    shown = _OBEYED.sub(lambda found: _escape(ord(found[0])), text[:limit])
    return shown if len(text) <= limit else f"{shown}… ({len(text) - limit} more characters)"


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code <= _LATIN_1_END else f"\\u{code:04x}"
