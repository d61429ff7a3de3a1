"""The reader: an archive as records and damaged regions, in the order of the file. The only door to fastwarc.

It does not know the scan, and not what becomes of a record. fastwarc reads WARC and HTTP headers and undoes transfer
and content codings; this module slides a window along the decompressed stream, checks that each record ends where the
next begins, and finds the next header after damage.

A record is sound if its Content-Length ends at blank lines (or none) in front of the next header line, or at the sound
end of a run (see members). Everything else up to the next sound record is one damaged region. A block longer than what
is held in memory and not sound costs the region that it claims.

The account. Every WARC header line of the decompressed stream is exactly one of: the start of a sound record that gets
a row of its own (response, revisit, resource), the start of a sound record of another type, a line inside a sound
record (embedded), or a line inside a damaged region. A damaged region gets a row too. Hence

    n_headers = n_rows - n_damaged + n_other_types + n_embedded + n_headers_in_damage

where n_headers is what an independent scan counts.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from fastwarc.warc import WarcRecord

from stages.extract import ids
from stages.extract.members import NotAWarc
from stages.extract.records import Body, Damage, Record, Tally, media_type
from stages.extract.window import Window
from stages.urls import clean

HEADER_MAX = 32 * 1024
CODING_SLACK = 2  # a block of up to twice the bound may still decode to less
_HTTP_HEAD = 64 * 1024  # of a block too long to be held
_READ = 1 << 16
_LENGTH, _STATED = re.compile(rb"content-length", re.IGNORECASE), b"x-stated-length"
_CODINGS_MAX = 4  # each takes memory before a byte is read
_CODINGS: tuple[Literal["all", "content", "transfer"], ...] = ("all", "content", "transfer")
_WRONG_LENGTH = "a record that does not end where its Content-Length says"


@dataclass(frozen=True)
class _Head:
    """A WARC header: its bytes, its fields by lower-case name (of a repeated one the first), and the block's length."""

    raw: bytes
    fields: dict[bytes, bytes]
    length: int

    @property
    def total(self) -> int:
        """Bytes of header and block."""
        return len(self.raw) + self.length

    @property
    def has_row(self) -> bool:
        return self.type in ids.ROW_TYPES

    @property
    def type(self) -> str:
        return self.fields.get(b"warc-type", b"").lower().decode("ascii", "replace")

    def text(self, name: bytes) -> str | None:
        return clean(self.fields[name].decode("utf-8", "replace")) if name in self.fields else None


@dataclass(frozen=True)
class _Other:
    """A sound record that gets no row."""


@dataclass(frozen=True)
class _Unsound:
    """What stands at `start` is no sound record; the cursor may have passed `n_headers` header lines."""

    start: tuple[int, int]
    n_headers: int
    why: str


def read(stream: BinaryIO, max_page_bytes: int, tally: Tally) -> Iterator[Record | Damage]:
    """Yield the rows of one archive (a seekable binary stream); count the rest in `tally`.

    Raises NotAWarc where the file has another format (at once) or holds no WARC header (at its end).
    """
    window = Window(stream)
    while window.open_run():
        while not window.at_end():
            start = window.stored()
            found = _framed(window, max_page_bytes, tally)
            if isinstance(found, _Unsound):
                window.damaged(found.start, found.n_headers, found.why)
                continue
            yield from _closed(window, start[0], tally)
            if isinstance(found, Record):
                yield found
    yield from _closed(window, window.end(), tally)
    if not tally.n_headers:
        raise NotAWarc("no WARC header stands in this file")


def _closed(window: Window, end: int, tally: Tally) -> Iterator[Damage]:
    damage = window.take_damage()
    if damage:
        tally.n_headers += damage.n_headers
        yield Damage(damage.offset, damage.inner, end, damage.n_headers, damage.why)


def _head(window: Window) -> _Head | None:
    """The WARC header at the cursor; null where it does not end, cannot be read or states no length."""
    window.fill(HEADER_MAX)
    marks = ((b"\n\r\n", 3), (b"\n\n", 2))
    ends = [found + size for mark, size in marks if (found := window.held.find(mark, 0, HEADER_MAX)) >= 0]
    if not ends:
        return None
    if window.next_header(1, min(ends)) > 0:  # the header is cut off, and another record's begins
        return None
    raw = bytes(window.held[: min(ends)])
    fields = _fields(raw)
    length = fields.get(_STATED, b"")
    return _Head(raw, fields, int(length)) if length.isdigit() and len(length) <= 18 else None


def _for_fastwarc(raw: bytes, length: int) -> bytes:
    """The header as fastwarc may see it: with CRLF, and the length of what it is given.

    It reserves what Content-Length claims and aborts the process where memory does not suffice.
    """
    own = _LENGTH.sub(_STATED, raw.replace(b"\r\n", b"\n").rstrip(b"\n"))
    return own.replace(b"\n", b"\r\n") + b"\r\nContent-Length: %d\r\n\r\n" % length


def _fields(raw: bytes) -> dict[bytes, bytes]:
    try:
        pairs = WarcRecord.from_bytes(_for_fastwarc(raw, 0)).headers.items_bytes()
    except OSError:  # fastwarc's word for a header it cannot read
        return {}
    return {name.lower(): value for name, value in reversed(pairs)}


def _framed(window: Window, bound: int, tally: Tally) -> Record | _Other | _Unsound:
    """Step over the record at the cursor if it is sound."""
    start = window.stored()
    if not window.is_header(0):
        return _Unsound(start, 0, "bytes between records")
    head = _head(window)
    if head is None:
        return _Unsound(start, 1, "a WARC header that cannot be read")
    if head.total > CODING_SLACK * bound + HEADER_MAX:
        return _passed_by(window, head, bound, tally)
    stop = window.after_blanks(head.total) if window.fill(head.total) == head.total else None
    if stop is None:
        return _Unsound(start, 1, _WRONG_LENGTH)
    tally.sound(window.count_headers(1, stop), head.has_row)
    block = bytes(window.held[len(head.raw) : head.total]) if head.has_row else b""
    window.drop(stop)
    return _record(start[0], head, block, bound) if head.has_row else _Other()


def _passed_by(window: Window, head: _Head, bound: int, tally: Tally) -> Record | _Other | _Unsound:
    """A record whose block is too long to be held: only the start of its block is read."""
    start = window.stored()
    if not window.has_room(head.total):
        return _Unsound(start, 1, _WRONG_LENGTH)
    seen = window.fill(len(head.raw) + min(_HTTP_HEAD, head.length))
    block = bytes(window.held[len(head.raw) : seen])
    passed, inside = window.skip(head.total - 1)
    stop = window.after_blanks(1) if passed == head.total - 1 else None
    if stop is None:
        return _Unsound(start, 1 + inside, _WRONG_LENGTH)
    tally.sound(inside, head.has_row)
    window.drop(stop)
    return _record(start[0], head, block, bound) if head.has_row else _Other()


def _record(offset: int, head: _Head, block: bytes, bound: int) -> Record:
    """The record with its HTTP header read and its body decoded, as far as the block is given."""
    stated = head.text(b"content-type")
    is_http = (stated or "").lower().startswith("application/http") or block.startswith(b"HTTP/")
    body = _http(head, block, bound) if is_http else _bare(head, block, bound, stated)
    doc_id = ids.record_id(head.fields, head.length, block)
    return Record(offset, head.type, doc_id, head.text(ids.TARGET_URI), head.text(ids.DATE), is_http, body)


def _bare(head: _Head, block: bytes, bound: int, stated: str | None) -> Body:
    """A block that is no HTTP message is the payload itself."""
    media, charset = media_type(stated)
    if head.length > bound:
        return Body(b"", media, charset, oversize=head.length)
    return Body(block, media, charset)


def _http(head: _Head, block: bytes, bound: int) -> Body:
    message = _message(head, block, "none")
    if message is None:
        return Body(b"", None, None, fault="an HTTP header that cannot be read")
    raw = message.reader.read(len(block) + 1)
    media, charset = media_type(message.http_headers.get("Content-Type"))
    status = message.http_headers.status_code
    codings = " ".join(
        message.http_headers.get(name) or "" for name in ("Transfer-Encoding", "Content-Encoding")
    ).strip()
    if len(block) < head.length or (not codings and len(raw) > bound):
        return Body(b"", media, charset, status, oversize=head.length - (len(block) - len(raw)))
    payload, fault = _decoded(head, block, raw, codings, bound) if codings else (raw, None)
    if len(payload) > bound:
        return Body(b"", media, charset, status, oversize=len(payload))
    return Body(payload, media, charset, status, fault=fault)


def _message(head: _Head, block: bytes, decode: Literal["none", "content", "transfer", "all"]) -> WarcRecord | None:
    """The record with its HTTP header parsed, ready to be read; null where that fails."""
    try:
        message = WarcRecord.from_bytes(_for_fastwarc(head.raw, len(block)) + block)
        message.is_http = True
        message.parse_http(auto_decode=decode)
    except OSError:
        return None
    return message


def _decoded(head: _Head, block: bytes, raw: bytes, codings: str, bound: int) -> tuple[bytes, str | None]:
    """The body with its codings undone as far as they are there, at most `bound` + 1 bytes, and the fault if none fit.

    Writers keep the header of a coding that they have undone, so each reading of the header is tried; what decodes
    before a fault counts, as in a browser.
    """
    for decode in _CODINGS if codings.count(",") < _CODINGS_MAX else ():
        data = _read_bounded(_message(head, block, decode), bound)
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
