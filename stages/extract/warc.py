"""The reader: a WARC or ARC as records and damaged regions, in the order of the file.

It does not know the scan, and not what becomes of a record. This module slides a window along the decompressed
stream, checks that each record ends where the next begins, and finds the next header after damage; what headers and
messages say is read elsewhere (messages).

A record is sound if its Content-Length ends at blank lines (or none) in front of the next header line, or at the sound
end of a run (see members). Everything else up to the next sound record is one damaged region. A block longer than what
is held in memory and not sound costs the region that it claims.

The account. Every header line of the decompressed stream (of a WARC; of an ARC where the file is one) is exactly one
of: the start of a sound record that gets a row of its own (response, revisit, resource), the start of a sound record of
another type, a line inside a sound record (embedded), or a line inside a damaged region. A damaged region gets a row
too. Hence

    n_headers = n_rows - n_damaged + n_other_types + n_embedded + n_headers_in_damage

where n_headers is what an independent scan counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from stages.extract import ids
from stages.extract.forms import ARC
from stages.extract.members import NotAWarc
from stages.extract.messages import http_body, warc_fields
from stages.extract.records import Body, Damage, Record, Tally, media_type
from stages.extract.window import Window
from stages.urls import clean

HEADER_MAX = 32 * 1024
CODING_SLACK = 2  # a block of up to twice the bound may still decode to less
_HTTP_HEAD = 64 * 1024  # of a block too long to be held
_ARC_TYPES = {b"http": b"response", b"https": b"response", b"filedesc": b"warcinfo"}
_WRONG_LENGTH = "a record that does not end where its Content-Length says"


@dataclass(frozen=True)
class _Head:
    """A header: its bytes, its fields by lower-case name as WARC has them, and the block's length."""

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
    """The header at the cursor; null where it does not end, cannot be read or states no length."""
    return _arc_head(window) if window.form is ARC else _warc_head(window)


def _warc_head(window: Window) -> _Head | None:
    held = window.fill(HEADER_MAX)
    following = window.next_header(1, held)  # what stands behind it is another record's
    stop = following if following > 0 else held
    marks = ((b"\n\r\n", 3), (b"\n\n", 2))
    ends = [found + size for mark, size in marks if (found := window.held.find(mark, 0, stop)) >= 0]
    if not ends:
        return None
    raw = bytes(window.held[: min(ends)])
    fields, length = warc_fields(raw)
    return None if length is None else _Head(raw, fields, length)


def _arc_head(window: Window) -> _Head | None:
    """The line of an ARC record, in the fields of a WARC header: a capture has the same name in either format."""
    window.fill(ARC.ahead)
    line = ARC.line.match(window.held)
    if line is None:
        return None
    url = bytes(line["url"])
    kind = _ARC_TYPES.get(url.partition(b":")[0].lower(), b"resource")
    fields = {
        b"warc-type": kind,
        b"content-type": bytes(line["type"]),
        ids.TARGET_URI: url,
        ids.DATE: ids.iso_date(bytes(line["date"])),
    }
    return _Head(bytes(line[0]), fields, int(line["length"]))


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
    body = http_body(block, head.length, bound) if is_http else _bare(head, block, bound, stated)
    doc_id = ids.record_id(head.fields, head.length, block)
    return Record(offset, head.type, doc_id, head.text(ids.TARGET_URI), head.text(ids.DATE), is_http, body)


def _bare(head: _Head, block: bytes, bound: int, stated: str | None) -> Body:
    """A block that is no HTTP message is the payload itself."""
    media, charset = media_type(stated)
    if head.length > bound:
        return Body(b"", media, charset, oversize=head.length)
    return Body(block, media, charset)
