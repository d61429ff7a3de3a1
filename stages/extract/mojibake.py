"""Text that was encoded twice: UTF-8 that somebody read as windows-1252 or windows-1251 and wrote as UTF-8 again.

Repaired only where it is certain, since "é »" can be read backwards, too: it takes two runs of characters that no
language spells. Knows neither bytes nor markup.
"""

import re

_TABLES = {  # character -> byte; readers of iso-8859-1 leave control characters where windows-1252 has signs
    name: {chr(b): b for b in range(0x80, 0xA0)}
    | {bytes([b]).decode(name, "ignore") or chr(b): b for b in range(0x80, 0x100)}
    for name in ("cp1252", "cp1251")
}
_RUNS = {name: re.compile("[" + "".join(map(re.escape, table)) + "]{2,}") for name, table in _TABLES.items()}
# As UTF-8 bytes: leads of pairs (Â Ã Î Ð Ñ Ù â ã æ ð), each before what windows-1252 has from 0x80 to 0xbf; and the
# two commonest Russian letters, as windows-1251 reads them.
_SIGNS = {
    "cp1252": re.compile(
        rb"\xc3[\x82\x83\x8e\x90\x91\x99\xa2\xa3\xa6\xb0]"
        rb"(?:\xc2[\x80-\xbf]|\xe2(?:\x80[\x90-\xbf]|\x82\xac|\x84\xa2)|\xc5[\x92-\xbe]|\xc6\x92|\xcb[\x86\x9c])"
    ),
    "cp1251": re.compile(rb"\xd0\xa0(?:\xd1\x95|\xc2\xb0)"),
}
# The second character of a pair that begins with Â or Ã and occurs in no language: a sign that follows no letter.
_PAIR = re.compile("^(?:[ÂÃ][\x80-\x9f¡-§©¬®-´¶¸¹¼-¿]|â[€\x80].|â„¢|ð[Ÿ\x9f]..)+$")
# Leads of pairs that are read backwards once a page is known to be encoded twice.
_SOFT = re.compile("^[ÂÃÄÅâðÐÑ\u0420\u0421]")
_LONG = 3  # characters in a row, each of several bytes, all valid: no language does that
_CERTAIN = 2  # different runs, or one twice as long: a pair alone may be quoted


def repaired(text: str, raw: bytes) -> str:
    """The text with what was encoded twice read once; unchanged where that is not certain. `raw` is its UTF-8.

    A page that speaks of such faults shows them on purpose.
    """
    for name, runs in _RUNS.items():
        if not _SIGNS[name].search(raw) or b"ojibake" in raw:
            continue
        found = [(run, back) for run in set(runs.findall(text)) if (back := _back(run, name))]
        if sum(_certainty(run, back) for run, back in found) >= _CERTAIN:
            known = {run: back for run, back in found if _certainty(run, back) or _SOFT.match(run)}
            return runs.sub(lambda match, known=known: known.get(match[0], match[0]), text)  # type: ignore[misc]
    return text


def _back(run: str, name: str) -> str | None:
    try:
        return bytes(map(_TABLES[name].__getitem__, run)).decode("utf-8")
    except UnicodeDecodeError:
        return None


def _certainty(run: str, back: str) -> int:
    return len(back) // _LONG or int(bool(_PAIR.match(run)))
