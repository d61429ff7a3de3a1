"""The independent count: which WARC headers the bytes of an archive hold, and which records they frame.

It shares no code with the WARC reader but the undoing of gzip (members) and the naming of records (ids); it does not
know HTTP, payloads or fastwarc. Two results from one pass over the bytes:

- n_headers: lines that begin with a WARC version (0.17, 0.18, 1.0, 1.1), wherever they stand.
- records: the headers that frame a record. A header frames one if its Content-Length ends at blank lines (or none) in
  front of the next header line, or at the sound end of a run; what a framed record encloses is its payload.

The reader slides a window along the stream; the scan keeps the positions of all headers of a run and judges them at its
end. Memory: about 0.5 KB for each header of a run.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import polars as pl

from stages.extract.ids import ROW_TYPES, TARGET_URI, record_id
from stages.extract.members import Data, Gap, NotAWarc, events
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
    """What is known of a run so far: the bytes not yet judged, and where they begin."""

    base: int = 0
    window: bytes = b""
    members: list[tuple[int, int, bool]] = field(default_factory=list)  # position, stored offset, plain
    lines: list[int] = field(default_factory=list)  # positions of header lines
    blanks: list[int] = field(default_factory=list)  # where the blank stretch before each of them begins
    headers: list[_Header] = field(default_factory=list)


def scan(stream: BinaryIO, warc_file: str, file_digest: str) -> Scan:
    """Scan one archive (a seekable binary stream). Raises NotAWarc where it holds no WARC header at all.

    warc_file names it in messages. The digest is not needed: a damaged region has no record and no row here.
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
    """Every run of the stream, fully indexed, with whether its end is sound."""
    run: _Run | None = None
    for event in events(stream):
        if run is not None and (isinstance(event, Gap) or event.opens):
            yield _finished(run), not (isinstance(event, Gap) and event.inside)
            run = None
        if isinstance(event, Data):
            run = run or _Run()
            _take(run, event)
    if run is not None:
        yield _finished(run), True


def _take(run: _Run, data: Data) -> None:
    """Add bytes to the run and index what is far enough from their end."""
    end = run.base + len(run.window)
    if not run.members or run.members[-1][1] != data.offset and not data.plain:
        run.members.append((end, data.offset, data.plain))
    run.window += data.data
    if len(run.window) > 2 * _AHEAD:
        _index(run, len(run.window) - _AHEAD)


def _finished(run: _Run) -> _Run:
    _index(run, len(run.window))
    run.lines.append(run.base + len(run.window))  # the end of the run bounds its last record as a header would
    run.blanks.append(_blank_before(run, len(run.window)))
    run.lines.pop()
    return run


def _index(run: _Run, until: int) -> None:
    """Find the header lines that begin before `until` (in the window), then forget the bytes before it."""
    at = _line_from(run, 0)
    while 0 <= at < until:
        run.lines.append(run.base + at)
        run.blanks.append(_blank_before(run, at))
        header = _header(run, at)
        if header:
            run.headers.append(header)
        at = _line_from(run, at + 1)
    keep = max(0, until - 1)
    run.base += keep
    run.window = run.window[keep:]
