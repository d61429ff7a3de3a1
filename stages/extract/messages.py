"""WARC headers and HTTP messages as fastwarc reads them, codings of bodies undone. The only door to fastwarc.

Knows neither the archive's bytes nor where a record begins; what it is given is a whole header, or a block. fastwarc's
own undoing of codings stays off: it reads the body to its end while it parses the header, whatever expands there.
"""

import re

from fastwarc.warc import WarcRecord

from stages.extract.codings import undone
from stages.extract.records import Body, media_type

SAYING = frozenset({"x-robots-tag", "tdm-reservation", "tdm-policy"})
_STATED = b"x-stated-length"
_LENGTH, _OWN_STATED = (
    re.compile(rb"(?im)^%s(?=[ \t\r\f\v]*:)" % name) for name in (b"content-length", _STATED)
)  # a field's name, and not what stands in its value
_NOT_CODED = "a body that is not coded as its header says"
_HEAD_END = re.compile(rb"\n\r?\n")


def warc_fields(raw: bytes) -> tuple[dict[bytes, bytes], int | None]:
    """Fields of a WARC header by lower-case name (of a repeated one the first), and its Content-Length.

    Null where none can be read: a header that is no header has no length either.
    """
    try:
        pairs = WarcRecord.from_bytes(_for_fastwarc(raw, 0)).headers.items_bytes()
    except OSError:  # fastwarc's word for a header it cannot read
        return {}, None
    fields = {name.strip().lower(): value.strip() for name, value in reversed(pairs)}
    length = fields.get(_STATED, b"")
    return fields, int(length) if length.isdigit() and len(length) <= 18 else None


def _for_fastwarc(raw: bytes, length: int) -> bytes:
    """The header as fastwarc may see it: with CRLF, and the length of what it is given.

    It reserves what Content-Length claims and aborts the process where memory does not suffice. A field of the record
    that has the name under which its length is passed gives way.
    """
    own = _OWN_STATED.sub(b"x-own-length", raw.replace(b"\r\n", b"\n").rstrip(b"\n"))
    own = _LENGTH.sub(_STATED, own)
    return own.replace(b"\n", b"\r\n") + b"\r\nContent-Length: %d\r\n\r\n" % length


def http_body(block: bytes, length: int, bound: int) -> Body:
    """What an HTTP message holds. `block` may be the beginning alone of a block of `length` bytes."""
    own = _readable(block)
    message = _message(own)
    if message is None:
        return Body(b"", None, None, fault="an HTTP header that cannot be read")
    raw = message.reader.read(len(own) + 1)
    media, charset = media_type(_values(message, "content-type") or None)
    status = message.http_headers.status_code
    transfer, content = _values(message, "transfer-encoding"), _values(message, "content-encoding")
    codings = f"{transfer} {content}".strip()
    if len(block) < length or (not codings and len(raw) > bound):
        return Body(b"", media, charset, status, oversize=length - _head_length(block))
    payload = undone(raw, [*_names(content), *_names(transfer)], bound)
    if payload is None:
        return Body(b"", media, charset, status, fault=f"{_NOT_CODED}: {codings[:60]}", said=_said(message))
    if len(payload) > bound:
        return Body(b"", media, charset, status, oversize=len(payload))
    return Body(payload, media, charset, status, said=_said(message))


def _values(message: WarcRecord, name: str) -> str:
    """What the headers of a name say, with commas between."""
    return ", ".join(value for own, value in message.http_headers.items() if own.lower() == name)


def _names(stated: str) -> list[str]:
    """The codings of a header, in the order in which they were applied."""
    return [coding.partition(";")[0].strip(" \t\"'").lower() for coding in stated.split(",")]


def _said(message: WarcRecord) -> tuple[tuple[str, str], ...]:
    """The headers of SAYING that are there; of a repeated one all values, with commas between."""
    out: dict[str, str] = {}
    for name, value in message.http_headers.items():
        if (low := name.lower()) in SAYING:
            out[low] = f"{out[low]},{value}" if low in out else value
    return tuple(sorted(out.items()))


def _head_length(block: bytes) -> int:
    end = _HEAD_END.search(block)
    return end.end() if end else 0


def _readable(block: bytes) -> bytes:
    """The block with a header as fastwarc can read it: lines that end with CRLF."""
    head = block[: _head_length(block)]
    if head.count(b"\n") == head.count(b"\r\n"):
        return block
    return head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + block[len(head) :]


def _message(block: bytes) -> WarcRecord | None:
    """The block as an HTTP message with its header parsed, ready to be read; null where that fails."""
    try:
        message = WarcRecord.from_bytes(_for_fastwarc(b"WARC/1.0\r\nWARC-Type: response", len(block)) + block)
        message.is_http = True
        message.parse_http(auto_decode="none")
    except OSError:
        return None
    return message
