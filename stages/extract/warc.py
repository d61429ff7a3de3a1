"""The reader: an archive as records and damaged regions, in the order of the file. The only door to fastwarc.

It does not know the scan, and not what becomes of a record. fastwarc reads WARC and HTTP headers and undoes transfer and
content codings; this module slides a window along the decompressed stream, checks that each record ends where the next
begins, and finds the next header after damage.

A record is sound if its Content-Length ends at blank lines (or none) in front of the next header line, or at the sound
end of a run (see members). Everything else up to the next sound record is one damaged region. A block longer than what
is held in memory and not sound costs the region that it claims.

The account. Every WARC header line of the decompressed stream is exactly one of: the start of a sound record that gets a
row of its own (response, revisit, resource), the start of a sound record of another type, a line inside a sound record
(embedded), or a line inside a damaged region. A damaged region gets a row too. Hence

    n_headers = n_rows - n_damaged + n_other_types + n_embedded + n_headers_in_damage

where n_headers is what an independent scan counts.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from fastwarc.warc import WarcRecord

from stages.extract import ids
from stages.extract.members import NotAWarc
from stages.extract.window import Window
from stages.urls import clean

HEADER_MAX = 32 * 1024
CODING_SLACK = 2  # a block of up to twice the bound may still decode to less
_HTTP_HEAD = 64 * 1024  # of a block too long to be held
_READ = 1 << 16


@dataclass(frozen=True)
class Record:
    """A response, revisit or resource record. `payload` is decoded; it is empty where `oversize` says how long it is."""

    offset: int
    type: str
    doc_id: str
    url: str | None
    date: str | None
    is_http: bool
    status: int | None
    content_type: str | None  # media type in lower case, without parameters
    charset: str | None
    payload: bytes
    oversize: int | None = None  # bytes of the payload where it exceeds the bound (at least so many)
    fault: str | None = None  # why the payload could not be decoded


@dataclass(frozen=True)
class Damage:
    """A region [offset, end) as stored that holds no sound record; `inner`: where it begins inside its member."""

    offset: int
    inner: int
    end: int
    n_headers: int
    why: str


@dataclass
class Tally:
    """Terms of the account that leave no row, filled while the stream is read."""

    n_other_types: int = 0
    n_embedded: int = 0
    n_headers: int = 0  # every header line met, whatever it was


@dataclass(frozen=True)
class _Head:
    """A WARC header: its bytes, its fields by lower-case name (of a repeated one the first), and the block's length."""

    raw: bytes
    fields: dict[bytes, bytes]
    length: int

    @property
    def type(self) -> str:
        return self.fields.get(b"warc-type", b"").lower().decode("ascii", "replace")

    def text(self, name: bytes) -> str | None:
        return clean(self.fields[name].decode("utf-8", "replace")) if name in self.fields else None


def read(stream: BinaryIO, max_page_bytes: int, tally: Tally) -> Iterator[Record | Damage]:
    """Yield the rows of one archive (a seekable binary stream); count the rest in `tally`.

    Raises NotAWarc where the file has another format (at once) or holds no WARC header (at its end).
    """
    window = Window(stream)
    while window.open_run():
        while not window.at_end():
            start = window.stored()
            head = _head(window) if window.is_header(0) else None
            record = _framed(window, head, max_page_bytes, tally) if head else None
            if record is not None:
                yield from _closed(window, start[0], tally)
                if isinstance(record, Record):
                    yield record
            elif window.stored() == start:
                window.damaged(int(window.is_header(0)), _why(window, head))
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
    raw = bytes(window.held[: min(ends)])
    fields = _fields(raw)
    length = fields.get(b"content-length", b"")
    return _Head(raw, fields, int(length)) if length.isdigit() and len(length) <= 18 else None


def _crlf(raw: bytes) -> bytes:
    """fastwarc wants CRLF; some writers end lines with LF."""
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _fields(raw: bytes) -> dict[bytes, bytes]:
    try:
        pairs = WarcRecord.from_bytes(_crlf(raw)).headers.items_bytes()
    except OSError:  # fastwarc's word for a header it cannot read
        return {}
    return {name.lower(): value for name, value in reversed(pairs)}


def _why(window: Window, head: _Head | None) -> str:
    if not window.is_header(0):
        return "bytes between records"
    if head is None:
        return "a WARC header that cannot be read"
    return "a record that does not end where its Content-Length says"


def _framed(window: Window, head: _Head, bound: int, tally: Tally) -> Record | str | None:
    """Step over a sound record and return it (or its type, where it gets no row); None where it is not sound."""
    total = len(head.raw) + head.length
    if total > CODING_SLACK * bound + HEADER_MAX:
        return _passed_by(window, head, bound, tally)
    stop = window.after_blanks(total) if window.fill(total) == total else None
    if stop is None:
        return None
    tally.n_headers += 1
    _embedded(tally, window.count_headers(1, stop))
    block = bytes(window.held[len(head.raw) : total]) if head.type in ids.ROW_TYPES else b""
    record = _record(window.stored()[0], head, block, bound)
    window.drop(stop)
    return _kept(record, tally)


def _embedded(tally: Tally, count: int) -> None:
    tally.n_embedded += count
    tally.n_headers += count


def _kept(record: Record, tally: Tally) -> Record | str:
    if record.type in ids.ROW_TYPES:
        return record
    tally.n_other_types += 1
    return record.type


def _passed_by(window: Window, head: _Head, bound: int, tally: Tally) -> Record | str | None:
    """A record whose block is too long to be held: only the head of its block is read."""
    start, total = window.stored(), len(head.raw) + head.length
    if not window.has_room(total):
        return None
    window.fill(len(head.raw) + _HTTP_HEAD)
    record = _record(start[0], head, bytes(window.held[len(head.raw) : len(head.raw) + _HTTP_HEAD]), bound)
    passed, inside = window.skip(total - 1)
    stop = window.after_blanks(1) if passed == total - 1 else None
    if stop is None:
        window.add_damage(start, 1 + inside, "a record that does not end where its Content-Length says")
        window.to_next_header()
        return None
    tally.n_headers += 1
    _embedded(tally, inside)
    window.drop(stop)
    return _kept(record, tally)


def _record(offset: int, head: _Head, block: bytes, bound: int) -> Record:
    """The record with its HTTP header read and its body decoded, as far as the block is given."""
    doc_id = ids.record_id(head.fields, head.length, block) if head.type in ids.ROW_TYPES else ""
    url, date = head.text(ids.TARGET_URI), head.text(ids.DATE)
    stated = head.text(b"content-type")
    is_http = (stated or "").lower().startswith("application/http") or block.startswith(b"HTTP/")
    http = _http(head.raw, block, bound, head.length) if is_http else _bare(block, stated, head.length, bound)
    return Record(offset, head.type, doc_id, url, date, is_http, *http)


_Http = tuple[int | None, str | None, str | None, bytes, int | None, str | None]


def _bare(block: bytes, stated: str | None, length: int, bound: int) -> _Http:
    """A block that is no HTTP message: it is the payload."""
    media, charset = media_type(stated)
    if length > bound:
        return None, media, charset, b"", length, None
    return None, media, charset, block, None, None


def _http(raw: bytes, block: bytes, bound: int, length: int) -> _Http:
    """Status, media type, charset, payload, oversize and fault of an HTTP message."""
    if length > len(block):
        message, _ = _attempt(raw, block, "none", 0)
        held = message.reader.tell() if message else 0
        return *_status(message), b"", max(length - held, bound + 1), None
    message, payload, fault = _decoded(raw, block, bound)
    if len(payload) > bound:
        return *_status(message), b"", len(payload), None
    return *_status(message), payload, None, fault
