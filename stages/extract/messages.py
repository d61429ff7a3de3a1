"""WARC headers and HTTP messages as fastwarc reads them, bodies with their codings undone. The only door to fastwarc.

Knows neither the archive's bytes nor where a record begins; what it is given is a whole header, or a block. Nothing is
read that the bounds do not allow: a coding is undone piece by piece, up to the bound of a page and one byte.
"""

import re
import zlib
from typing import Literal

from fastwarc.warc import WarcRecord

from stages.extract.records import Body, media_type

SAYING = frozenset({"x-robots-tag", "tdm-reservation", "tdm-policy"})
_READ = 1 << 16
_LENGTH, _STATED = re.compile(rb"content-length", re.IGNORECASE), b"x-stated-length"
_HEAD_END = re.compile(rb"\n\r?\n")
_X_GZIP = re.compile(
    rb"(?im)^((?:content|transfer)-encoding[ \t]*:[^\n]*?)x-gzip"
)  # RFC 9110, 8.4.1.3: the same as gzip
_CODINGS_MAX = 4  # each takes memory before a byte is read
_CODINGS: tuple[Literal["all", "content", "transfer"], ...] = ("all", "content", "transfer")


def warc_fields(raw: bytes) -> tuple[dict[bytes, bytes], int | None]:
    """Fields of a WARC header by lower-case name (of a repeated one the first), and its Content-Length.

    Null where none can be read: a header that is no header has no length either.
    """
    try:
        pairs = WarcRecord.from_bytes(_for_fastwarc(raw, 0)).headers.items_bytes()
    except OSError:  # fastwarc's word for a header it cannot read
        return {}, None
    fields = {name.lower(): value for name, value in reversed(pairs)}
    length = fields.get(_STATED, b"")
    return fields, int(length) if length.isdigit() and len(length) <= 18 else None


def _for_fastwarc(raw: bytes, length: int) -> bytes:
    """The header as fastwarc may see it: with CRLF, and the length of what it is given.

    It reserves what Content-Length claims and aborts the process where memory does not suffice.
    """
    own = _LENGTH.sub(_STATED, raw.replace(b"\r\n", b"\n").rstrip(b"\n"))
    return own.replace(b"\n", b"\r\n") + b"\r\nContent-Length: %d\r\n\r\n" % length


def http_body(block: bytes, length: int, bound: int) -> Body:
    """What an HTTP message holds. `block` may be the beginning alone of a block of `length` bytes."""
    own = _readable(block)
    message = _message(own, "none")
    if message is None:
        return Body(b"", None, None, fault="an HTTP header that cannot be read")
    raw = message.reader.read(len(own) + 1)
    media, charset = media_type(message.http_headers.get("Content-Type"))
    status = message.http_headers.status_code
    codings = " ".join(
        message.http_headers.get(name) or "" for name in ("Transfer-Encoding", "Content-Encoding")
    ).strip()
    if len(block) < length or (not codings and len(raw) > bound):
        return Body(b"", media, charset, status, oversize=length - _head_length(block))
    payload, fault = _decoded(own, raw, codings, bound) if codings else (raw, None)
    if len(payload) > bound:
        return Body(b"", media, charset, status, oversize=len(payload))
    return Body(payload, media, charset, status, fault=fault, said=_said(message))


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
    """The block with a header as fastwarc can read it: lines that end with CRLF, codings by their present names."""
    head = block[: _head_length(block)]
    own = head
    if head.count(b"\n") != head.count(b"\r\n"):
        own = head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if b"x-gzip" in head.lower():
        own = _X_GZIP.sub(rb"\1gzip", own)
    return block if own is head else own + block[len(head) :]


def _message(block: bytes, decode: Literal["none", "content", "transfer", "all"]) -> WarcRecord | None:
    """The block as an HTTP message with its header parsed, ready to be read; null where that fails."""
    try:
        message = WarcRecord.from_bytes(_for_fastwarc(b"WARC/1.0\r\nWARC-Type: response", len(block)) + block)
        message.is_http = True
        message.parse_http(auto_decode=decode)
    except OSError:
        return None
    return message


def _decoded(block: bytes, raw: bytes, codings: str, bound: int) -> tuple[bytes, str | None]:
    """The body with its codings undone as far as they are there, at most `bound` + 1 bytes, and the fault if none fit.

    Writers keep the header of a coding that they have undone, so each reading of the header is tried; what decodes
    before a fault counts, as in a browser.
    """
    for decode in _CODINGS if codings.count(",") < _CODINGS_MAX else ():
        data = _read_bounded(_message(block, decode), bound)
        if data and (decode != "transfer" or _is_markup(data)):
            return data, None
    inflated = _raw_deflate(raw, bound) if "deflate" in codings.lower() else b""
    if inflated or not raw or _is_markup(raw):
        return inflated or raw, None
    return b"", f"a body that is not coded as its header says: {codings[:60]}"


def _read_bounded(message: WarcRecord | None, bound: int) -> bytes:
    """At most `bound` + 1 decoded bytes, or those before a fault."""
    out = bytearray()
    try:
        while message is not None and (data := message.reader.read(min(_READ, bound + 1 - len(out)))):
            out += data
    except OSError:  # fastwarc's word for a coding that breaks off
        pass
    return bytes(out)


def _raw_deflate(raw: bytes, bound: int) -> bytes:
    """`deflate` without the zlib header, as some servers send it."""
    try:
        return zlib.decompressobj(-15).decompress(raw, bound + 1)
    except zlib.error:
        return b""


def _is_markup(data: bytes) -> bool:
    return data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
