"""The independent count: which headers the bytes of an archive hold, and which records they frame.

It shares no code with the reader but the undoing of compression (members) and the naming of records (ids); it does not
know HTTP, payloads or fastwarc. Two results from one pass over the bytes:

- n_headers: lines that begin with a WARC version (0.17, 0.18, 1.0, 1.1), or in an ARC, lines that are an ARC header
  (see arc_lines), wherever they stand.
- records: the headers that frame a record. A header frames one if its Content-Length ends at blank lines (or none) in
  front of the next header line, or at the sound end of a run; what a framed record encloses is its payload.

The reader slides a window along the stream; the scan keeps the positions of all headers of a run and judges them at its
end. Memory: about 0.5 KB for each header of a run.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import polars as pl

from stages.extract.arc_lines import arc_fields
from stages.extract.ids import BLOCK_HEAD, ROW_TYPES, TARGET_URI, record_id
from stages.extract.members import BLANKS_MAX, Data, Gap, NotAWarc, events, layout_of
from stages.urls import clean, host

HEADER_MAX = 32 * 1024  # bytes of a readable header
_AHEAD = HEADER_MAX + 4096  # what must have been seen after a header line before it can be read
_LINE = b"WARC/"
_VERSIONS = frozenset({b"0.17", b"0.18", b"1.0", b"1.1"})
_COLUMNS = {
    "warc_offset": pl.Int64,
    "record_type": pl.String,
    "doc_id": pl.String,
    "url": pl.String,
    "host": pl.String,
}
Row = tuple[int, str, str | None, str | None, str | None]


@dataclass(frozen=True)
class Scan:
    """records: schemas.RECORDS, in the order of the file. n_headers: every WARC header line of its bytes."""

    records: pl.DataFrame
    n_headers: int


@dataclass(frozen=True)
class _Header:
    """A readable header: positions are in decompressed bytes of its run."""

    at: int
    body: int
    length: int
    row: Row


@dataclass
class _Run:
    """What is known of a run so far: the bytes not yet judged, where they begin, and every header line."""

    arc: bool
    base: int = 0
    window: bytes = b""
    blank: int = 0  # length of the stretch of line ends just before the window
    members: list[tuple[int, int, bool]] = field(default_factory=list)  # position, stored offset, plain
    lines: list[int] = field(default_factory=list)  # positions of header lines
    blanks: list[int] = field(default_factory=list)  # where the stretch of line ends before each of them begins
    headers: list[_Header] = field(default_factory=list)


def scan(stream: BinaryIO, warc_file: str, file_digest: str) -> Scan:
    """Scan one archive (a seekable binary stream). Raises NotAWarc where it holds no WARC header at all.

    `warc_file` names it in the message; `file_digest` would name damaged regions, which have no row here.
    """
    rows: list[Row] = []
    n_headers = 0
    for run, sound in _runs(stream):
        n_headers += len(run.lines)
        rows += _framed(run, sound)
    if not n_headers:
        raise NotAWarc(f"{warc_file}: no WARC header stands in this file")
    return Scan(pl.DataFrame(rows, schema=_COLUMNS, orient="row"), n_headers)


def _runs(stream: BinaryIO) -> Iterator[tuple[_Run, bool]]:
    """Every run of the stream, indexed to its end, and whether that end is sound."""
    run: _Run | None = None
    layout = layout_of(stream)
    for event in events(stream, layout):
        if run is not None and (isinstance(event, Gap) or event.opens):
            yield _finished(run), not (isinstance(event, Gap) and event.inside)
            run = None
        if not isinstance(event, Gap):
            run = run or _Run(layout.form.name == "ARC")
            _take(run, event)
    if run is not None:
        yield _finished(run), True


def _take(run: _Run, data: Data) -> None:
    """Add bytes to the run and index what is far enough from their end."""
    if not run.members or (run.members[-1][1] != data.offset and not data.plain):
        run.members.append((run.base + len(run.window), data.offset, data.plain))
    run.window += data.data
    if len(run.window) > 2 * _AHEAD:
        _index(run, len(run.window) - _AHEAD)


def _finished(run: _Run) -> _Run:
    _index(run, len(run.window))
    return run


def _index(run: _Run, until: int) -> None:
    """Find the header lines that begin before `until` (in the window), then forget the bytes before it."""
    at = 0 if run.base == 0 and _is_line(run, 0) else _next_line(run, 0)
    while 0 <= at < until:
        run.lines.append(run.base + at)
        run.blanks.append(run.base + at - _blank_before(run, at))
        header = _header(run, at)
        if header:
            run.headers.append(header)
        at = _next_line(run, at)
    keep = max(0, until - 1)  # the line end before `until` makes a header line of what follows
    run.blank = _blank_before(run, keep)
    run.window, run.base = run.window[keep:], run.base + keep


def _is_line(run: _Run, at: int) -> bool:
    """Whether a header line begins at `at`: for WARC, five letters and a version of four characters."""
    if run.arc:
        return arc_fields(run.window, at) is not None
    version = run.window[at + 5 : at + 9]
    return run.window.startswith(_LINE, at) and (version in _VERSIONS or version[:3] in _VERSIONS)


def _next_line(run: _Run, at: int, end: int | None = None) -> int:
    """The next header line that begins after `at` (and before `end`), or -1."""
    mark = b"\n" if run.arc else b"\n" + _LINE
    found = run.window.find(mark, at, end)
    while found >= 0 and not _is_line(run, found + 1):
        found = run.window.find(mark, found + 1, end)
    return found + 1 if found >= 0 else -1


def _blank_before(run: _Run, at: int) -> int:
    """How many line-end characters stand just before `at` (in the window)."""
    start = at
    while start > 0 and run.window[start - 1] in b"\r\n":
        start -= 1
    return at - start + (run.blank if start == 0 else 0)


def _header(run: _Run, at: int) -> _Header | None:
    """The header whose first line begins at `at`, or null where it does not end or states no length."""
    size, fields = _arc(run, at) if run.arc else _warc(run, at)
    length = fields.get(b"content-length", b"")
    if not length.isdigit() or len(length) > 18:
        return None
    body, kind = at + size, fields.get(b"warc-type", b"").lower().decode("ascii", "replace")
    block = run.window[body : body + min(int(length), BLOCK_HEAD)]
    url = clean(fields[TARGET_URI].decode("utf-8", "replace")) if TARGET_URI in fields else None
    doc_id = record_id(fields, int(length), block) if kind in ROW_TYPES else None
    row = (_stored(run, run.base + at), kind, doc_id, url, host(url))
    return _Header(run.base + at, run.base + body, int(length), row)


def _arc(run: _Run, at: int) -> tuple[int, dict[bytes, bytes]]:
    """Bytes and fields of the ARC line at `at`."""
    return run.window.index(b"\n", at) + 1 - at, arc_fields(run.window, at) or {}


def _warc(run: _Run, at: int) -> tuple[int, dict[bytes, bytes]]:
    """Bytes and fields of the WARC header at `at`; no field where it is cut off and another record's begins."""
    stop = _next_line(run, at, at + HEADER_MAX)
    stop = at + HEADER_MAX if stop < 0 else stop
    ends = [found + len(mark) for mark in (b"\n\r\n", b"\n\n") if (found := run.window.find(mark, at, stop)) >= 0]
    return (min(ends) - at, _fields(run.window[at : min(ends)])) if ends else (0, {})


def _fields(text: bytes) -> dict[bytes, bytes]:
    """Header fields by lower-case name; of a repeated one the first; a line that begins with a blank continues one."""
    fields: dict[bytes, bytes] = {}
    last = b""
    for line in text.split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        if line[:1] in (b" ", b"\t"):
            fields[last] = fields.get(last, b"") + b" " + line.strip()
        elif colon and name.strip().lower() not in fields:
            last = name.strip().lower()
            fields[last] = value.strip()
    return fields


def _stored(run: _Run, position: int) -> int:
    start, offset, plain = run.members[bisect_right(run.members, position, key=lambda member: member[0]) - 1]
    return offset + position - start if plain else offset


def _framed(run: _Run, sound: bool) -> Iterator[Row]:
    """The rows of the headers that frame a record, in order; headers that a record encloses are its payload."""
    end = run.base + len(run.window)
    stops = [*run.lines, end] if sound else run.lines
    blanks = [*run.blanks, end - _blank_before(run, len(run.window))] if sound else run.blanks
    free = 0
    for header in run.headers:
        after = header.body + header.length
        stop = bisect_left(stops, after)
        if header.at >= free and stop < len(stops) and blanks[stop] <= after and stops[stop] - after <= BLANKS_MAX:
            free = stops[stop]
            yield header.row
