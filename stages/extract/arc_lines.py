"""ARC header lines as the scan sees them: cut at their spaces from the end, since a URL may hold some.

Version 1 has five fields, version 2 ten; the bounds are those of forms.ARC, which shares no code with this.
"""

from stages.extract.forms import ARC_FIELD_MAX, ARC_TYPE_MAX, ARC_URL_MAX
from stages.extract.ids import DATE, TARGET_URI, iso_date

_LINE_MAX = 8320
_ADDRESS = frozenset(b"0123456789abcdefABCDEF.:")
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SCHEME = _LETTERS | frozenset(b"0123456789+.-")
_DIGITS = frozenset(b"0123456789")
_TYPES = {b"http": b"response", b"https": b"response", b"filedesc": b"warcinfo"}


def arc_fields(data: bytes, at: int) -> dict[bytes, bytes] | None:
    """The fields of the ARC header line that begins at `at`, named as WARC names them; null where none does."""
    if at >= len(data) or data[at] not in _LETTERS:
        return None
    end = data.find(b"\n", at, at + _LINE_MAX)
    if end < 0 or not _DIGITS.issuperset(data[end - 1 : end].replace(b"\r", data[end - 2 : end - 1])):
        return None
    line = data[at:end].removesuffix(b"\r")
    found = _cut(line, 9) or _cut(line, 4)
    if found is None:
        return None
    url, _, date, media, *_, length = found
    kind = _TYPES.get(url.partition(b":")[0].lower(), b"resource")
    named = {b"warc-type": kind, b"content-type": media, b"content-length": length}
    return {**named, TARGET_URI: url, DATE: iso_date(date)}


def _cut(line: bytes, spaces: int) -> list[bytes] | None:
    """The fields between the last so many spaces, if they are those of an ARC line."""
    fields = line.rsplit(b" ", spaces)
    if len(fields) <= spaces:
        return None
    url, address, date, media, *more, length = fields
    fit = (
        _is_url(url),
        2 <= len(address) <= 45 and _ADDRESS.issuperset(address),
        len(date) == 14 and _DIGITS.issuperset(date),
        len(media) <= ARC_TYPE_MAX and all(len(field) <= ARC_FIELD_MAX for field in more),
        1 <= len(length) <= 18 and _DIGITS.issuperset(length),
    )
    return fields if all(fit) else None


def _is_url(url: bytes) -> bool:
    scheme, colon, rest = url.partition(b":")
    named = 1 <= len(scheme) <= 20 and scheme[0] in _LETTERS and _SCHEME.issuperset(scheme)
    return named and bool(colon) and len(rest) <= ARC_URL_MAX
