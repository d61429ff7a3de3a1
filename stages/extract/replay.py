"""One record of an archive again: extraction of what begins at an offset, and of nothing else in the file.

Knows where a record is said to begin, not why somebody asks. The rules are those of a run, but for what other shards
or a sample rule out.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from stages.extract.members import NotAWarc, lead
from stages.extract.params import ExtractParams
from stages.extract.records import Tally
from stages.extract.shard import ReadPages, ShardFacts, extract
from stages.extract.warc import read

if TYPE_CHECKING:
    from typing_extensions import Buffer

OTHER = "not_replayed"


class _Part(io.RawIOBase):
    """The bytes [start, end) of a seekable binary stream, as a file of their own; `end` null: to its end.

    Before them come the first `lead` bytes of the stream: a zstd archive's dictionary serves every record.
    """

    def __init__(self, stream: BinaryIO, lead: int, start: int, end: int | None = None) -> None:
        self.stream, self.lead, self.start = stream, lead, start
        self.size = lead + (stream.seek(0, io.SEEK_END) if end is None else end) - start
        self.at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        return self.at

    def readinto(self, buffer: "Buffer") -> int:
        view = memoryview(buffer)
        ahead = self.lead - self.at  # bytes of the lead still to come
        self.stream.seek(self.at if ahead > 0 else self.start - ahead)
        data = self.stream.read(max(0, min(len(view), ahead if ahead > 0 else self.size - self.at)))
        view[: len(data)] = data
        self.at += len(data)
        return len(data)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at


class Only(Mapping[str, tuple[str, str | None]]):
    """Forbids every doc_id but one; null allows all."""

    def __init__(self, doc_id: str | None) -> None:
        self.doc_id = doc_id

    def __getitem__(self, doc_id: str) -> tuple[str, str | None]:
        if self.doc_id in (None, doc_id):
            raise KeyError(doc_id)
        return OTHER, None

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass(frozen=True)
class Replayed:
    """Rows of extract/decisions, extract/look and extract/documents of what begins at the offset."""

    decisions: pl.DataFrame
    look: pl.DataFrame
    documents: pl.DataFrame


def replay(
    stream: BinaryIO,
    offset: int,
    doc_id: str | None,
    facts: ShardFacts,
    params: ExtractParams,
    models: Mapping[str, str],
    read_pages: ReadPages,
) -> Replayed:
    """Extract what begins at `offset` as stored; where several records begin there (one gzip member), `doc_id` chooses.

    A damaged region has no doc_id of its own here. Raises NotAWarc where nothing of a WARC begins there.
    """
    front = lead(stream) if offset else 0
    end = _end(stream, front, offset, params.max_page_bytes)
    part = _part(stream, front, offset, end)
    tables = extract(part, facts, params, models, Only(doc_id), 1.0, read_pages).tables
    decisions = tables["extract/decisions"].with_columns(pl.col("warc_offset") - front + offset)
    wanted = (pl.col("warc_offset") == offset) & (pl.col("reason").fill_null("") != OTHER)
    found = decisions.filter(wanted)
    if found.is_empty():
        raise NotAWarc(f"no record begins at offset {offset}" + (f" with doc_id {doc_id}" if doc_id else ""))
    return Replayed(found, tables["extract/look"], tables["extract/documents"])


def _part(stream: BinaryIO, front: int, start: int, end: int | None) -> BinaryIO:
    return io.BufferedReader(_Part(stream, front, start, end))


def _end(stream: BinaryIO, front: int, offset: int, bound: int) -> int | None:
    """Where the next row's record begins that does not share the offset; null at the end of the file."""
    for item in read(_part(stream, front, offset, None), bound, Tally()):
        if item.offset > front:
            return offset + item.offset - front
    return None
