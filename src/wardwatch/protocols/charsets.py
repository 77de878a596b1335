"""In: bytes of a text field whose character set nobody names. Out: the text, and the character set it was read in."""

from typing import Final

ASCII: Final = "ascii"
UTF_8: Final = "utf-8"
GBK: Final = "gbk"
LATIN_1: Final = "latin-1"

# GB 2312 keeps its hanzi (levels 1 and 2) in rows 16 to 87: lead bytes B0 to F7, trail bytes from A1.
_HANZI_LEAD: Final = range(0xB0, 0xF8)
_TRAIL: Final = 0xA1
_HIGH: Final = 0x80
_HANZI: Final = range(0x4E00, 0xA000)


def guess(raw: bytes) -> tuple[str, str]:
    """The text and 'ascii', 'utf-8', 'gbk' or 'latin-1'; never fails, since every byte is a Latin-1 character."""
    for charset in (ASCII, UTF_8):
        try:
            return raw.decode(charset), charset
        except UnicodeDecodeError:
            continue
    hanzi = _as_hanzi(raw)
    return (hanzi, GBK) if hanzi else (raw.decode(LATIN_1), LATIN_1)


def _as_hanzi(raw: bytes) -> str:
    """`raw` in GBK where that is likelier than Latin-1, else nothing.

    Likelier: all high bytes pair, every pair is a hanzi, at least half of them are in GB 2312 (GBK's additions lie
    where Latin-1 has an accented letter before a plain one), and none stands alone between or against plain letters,
    as two accented letters inside a European name would.
    """
    try:
        text = raw.decode(GBK)
    except UnicodeDecodeError:
        return ""
    beyond = [character for character in text if ord(character) >= _HIGH]
    if not all(ord(character) in _HANZI for character in beyond):
        return ""
    common = sum(1 for character in beyond if _in_gb2312(character))
    return "" if 2 * common < len(beyond) or _alone(text) else text


def _in_gb2312(character: str) -> bool:
    lead, trail = character.encode(GBK)
    return lead in _HANZI_LEAD and trail >= _TRAIL


def _alone(text: str) -> bool:
    """Whether one single hanzi touches a plain letter, and no other hanzi."""
    around = f" {text} "
    for before, character, after in zip(around, around[1:], around[2:], strict=False):
        if ord(character) < _HIGH or ord(before) >= _HIGH or ord(after) >= _HIGH:
            continue
        if before.isalpha() or after.isalpha():
            return True
    return False
