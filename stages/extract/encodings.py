"""A page's bytes as text: which encoding they are in, who says so, and what had to be set right.

The order is that of the HTML standard (13.2.3.2): byte order mark, HTTP's charset, the page's own meta, then a guess
from the bytes. A declaration is passed over only where the bytes refute it. The only door to resiliparse's encodings;
knows no markup beyond a page's first tags.
"""

import codecs
import re
from typing import NamedTuple

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

from stages.extract import guess
from stages.extract.mojibake import repaired

NOT_AS_DECLARED = "not_as_declared"
TWICE_ENCODED = "twice_encoded"
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HEAD = 4096  # bytes in which a declaration is looked for; the standard's 1,024 miss pages that browsers read rightly
_COMMENT = re.compile(rb"<!--.*?(?:-->|$)", re.DOTALL)
_META = re.compile(rb"<meta[\s/][^>]{0,512}", re.IGNORECASE)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.\-]{2,40})", re.IGNORECASE)
_XML = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([a-zA-Z0-9_:.\-]{2,40})", re.IGNORECASE)
# What browsers read under a label is wider than Python's codec of that name.
_WIDER = {
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "gbk": "gb18030",
    "iso8859-11": "cp874",
}
_ALSO = {"iso-2022-kr": "iso2022_kr", "hz-gb-2312": "hz", "x-mac-cyrillic": "mac-cyrillic", "x-user-defined": "cp1252"}
_OWN = frozenset({*_WIDER.values(), *(codecs.lookup(name).name for name in _ALSO.values())})
_MULTIBYTE = frozenset({"utf-8", "cp932", "cp949", "big5hkscs", "gb18030", "euc_jp", "iso2022_jp", "iso2022_kr", "hz"})
_DEFAULT = "cp1252"  # the standard's, for most languages
_UTF16 = ("utf-16-le", "utf-16-be")
_FEW = 10  # sequences of several bytes that a page in another multi-byte encoding does not hold by chance
_FAULTY = 0.02  # share of faults among what is not ASCII: above it, a declaration that another one refutes is wrong


class Decoded(NamedTuple):
    """A page's text. `by`: bom, http, meta, detected (a guess) or bytes (which admit nothing else); `fix`: null,
    not_as_declared, twice_encoded or both joined by a comma.
    """

    text: str
    encoding: str
    by: str
    fix: str | None


def decode(body: bytes, charset: str | None) -> Decoded:
    """The text of a page, of which HTTP says that its encoding is `charset`.

    A stated encoding that does not exist is passed over. Faulty bytes become U+FFFD: nothing raises.
    """
    bare, marked = _unmarked(body)
    if marked:
        return _read(bare, marked, "bom", None)
    stated = _declared(body, charset)
    text = guess.as_utf8(body)
    encoding, by = _evident(body, text, stated) or _consistent(body, text, stated)
    fix = NOT_AS_DECLARED if stated and encoding not in dict(stated) else None
    return _read(body, encoding, by, fix, text if encoding == "utf-8" else None)


def text_in(body: bytes, encoding: str) -> str:
    """The text that `decode` gave when it found this encoding. Nothing is judged: what it found need not be what it
    would find if HTTP had named that.

    Raises LookupError where Python has no such encoding.
    """
    bare, marked = _unmarked(body)
    text = guess.as_utf8(bare) if encoding == "utf-8" and not marked else None
    return _read(bare, marked or encoding, "", None, text).text


def _unmarked(body: bytes) -> tuple[bytes, str | None]:
    """(the bytes after a byte order mark, the encoding that it names, null where there is none)."""
    found = next(((mark, encoding) for mark, encoding in _BOMS if body.startswith(mark)), None)
    return (body[len(found[0]) :], found[1]) if found else (body, None)


def _read(body: bytes, encoding: str, by: str, fix: str | None, text: str | None = None) -> Decoded:
    """`text`: what the bytes say, where that is known already."""
    plain = body.decode(encoding, "replace") if text is None else text
    sound = repaired(plain, body) if encoding == "utf-8" else plain
    fixes = [name for name in (fix, TWICE_ENCODED if sound != plain else None) if name]
    return Decoded(sound, encoding, by, ",".join(fixes) or None)


def _declared(body: bytes, charset: str | None) -> list[tuple[str, str]]:
    """(encoding, who says so) as HTTP and the page state it, each once, in this order."""
    http, meta = _known(charset), _of_page(body[:_HEAD])
    found = [(http, "http")] if http else []
    return found + ([(meta, "meta")] if meta and meta != http else [])


def _of_page(head: bytes) -> str | None:
    """What the first meta that names an encoding says, else an XML declaration. Comments do not count.

    A page that could be read as far as its meta is not in UTF-16 whatever it says (HTML standard, 13.2.3.2).
    """
    visible = _COMMENT.sub(b"", head) if b"<!--" in head else head
    tags = (_CHARSET.search(tag) for tag in _META.findall(visible))
    stated = next((found for found in tags if found), None) or _XML.match(visible.lstrip())
    name = _known(stated[1].decode("ascii")) if stated else None
    return "utf-8" if name in _UTF16 else name


def _known(label: str | None) -> str | None:
    """The encoding that browsers read under this label, if Python has it too."""
    name = label.strip().lower() if label else ""
    if name in _OWN or name in _ALSO:
        return codecs.lookup(_ALSO.get(name, name)).name
    stated = map_encoding_to_html5(name, False) if name.isascii() and name.isprintable() and name else None
    try:
        found = codecs.lookup(stated).name if stated else None
    except LookupError:
        return None
    return _WIDER.get(found, found) if found else None


def _evident(body: bytes, text: str | None, stated: list[tuple[str, str]]) -> tuple[str, str] | None:
    """(encoding, who says so) where the bytes admit only one: UTF-16 by its zeros, UTF-8 by its sequences."""
    zeros = _by_zeros(body[:_HEAD])
    if zeros:
        return _credited(zeros, stated)
    if text is None or text.isascii():
        return None if text is None else _ascii(body, stated)
    doubtful = any(name in _MULTIBYTE and name != "utf-8" for name, _ in stated)
    return None if doubtful and guess.n_sequences(body) < _FEW else _credited("utf-8", stated)


def _ascii(body: bytes, stated: list[tuple[str, str]]) -> tuple[str, str]:
    """Bytes below 128 mean the same in nearly all encodings; the shifts of ISO-2022 are the exception."""
    if b"\x1b$" in body and not any(name.startswith("iso2022") for name, _ in stated):
        return _credited("iso2022_jp" if guess.is_sound(body, "iso2022_jp") else "utf-8", stated)
    return next(((name, by) for name, by in stated if name not in _UTF16), ("utf-8", "bytes"))


def _credited(encoding: str, stated: list[tuple[str, str]]) -> tuple[str, str]:
    return encoding, next((by for name, by in stated if name == encoding), "bytes")


def _by_zeros(head: bytes) -> str | None:
    """UTF-16 without a mark: markup is ASCII, so that in even or in odd places many bytes are zero, elsewhere few."""
    half = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if half < 8 or max(even, odd) < 0.05 * half or min(even, odd) > 0.1 * max(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _consistent(body: bytes, text: str | None, stated: list[tuple[str, str]]) -> tuple[str, str]:
    """The first declaration that the bytes do not refute; then UTF-8 if they are that (`text`), or a guess; then the
    first declaration after all.
    """
    for name, by in stated:
        if name not in _UTF16 and not guess.is_refuted(body, name, multibyte=name in _MULTIBYTE, faulty=_FAULTY):
            return name, by
    if text is not None:
        return _credited("utf-8", stated)
    if not stated and not guess.is_refuted(body, "utf-8", multibyte=True, faulty=_FAULTY):
        return "utf-8", "detected"
    guessed = guess.guess(body, _known(detect_encoding(body)))
    if not stated:
        return guessed or _DEFAULT, "detected"
    return (guessed, "detected") if guessed and guess.is_sound(body, guessed) else stated[0]
