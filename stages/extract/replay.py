"""One record of an archive again: extraction of what begins at an offset, and of nothing else in the file.

Knows where a record is said to begin, not why somebody asks. The rules are those of a run, but for what other shards
or a sample rule out.

A record's offset is that of its compressed unit, and the reader starts anew where a unit begins with a header line: so
a part of the file that begins there is read as the whole file is. A unit that begins inside a record (bgzip, pigz -i)
says nothing by itself; such a file is read from its beginning. Either way the part goes as far as the reader had come
when it met the next row: it asked for nothing behind that.
"""

import io
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from stages.extract.ids import damage_id
from stages.extract.members import Layout, NotAWarc, layout_of, lead
from stages.extract.params import ExtractParams
from stages.extract.records import Damage, Tally
from stages.extract.shard import ReadPages, ShardFacts, extract
from stages.extract.warc import read

if TYPE_CHECKING:
    from typing_extensions import Buffer

OTHER = "not_replayed"
_PLACED = "^(damaged_region|engine_)"  # reasons whose detail ends with a place
_PLACE = r" (?:offset|at) (\d+)$"


class _Part(io.RawIOBase):
    """The bytes [start, end) of a seekable binary stream, as a file of their own; `end` null: to its end.

    Before them come the first `lead` bytes of the stream: a zstd archive's dictionary serves every record. `reached`:
    how far it was read.
    """

    def __init__(self, stream: BinaryIO, lead: int, start: int, end: int | None = None) -> None:
        self.stream, self.lead, self.start = stream, lead, start
        self.size = lead + (stream.seek(0, io.SEEK_END) if end is None else end) - start
        self.at = self.reached = 0

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
        self.reached = max(self.reached, self.at)
        return len(data)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at


class Only(Mapping[str, tuple[str, str | None]]):
    """Forbids every doc_id but some."""

    def __init__(self, doc_ids: Set[str]) -> None:
        self.doc_ids = doc_ids

    def __getitem__(self, doc_id: str) -> tuple[str, str | None]:
        if doc_id in self.doc_ids:
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


@dataclass(frozen=True)
class _Place:
    """Where to read: the first `lead` bytes of the file and then [start, end).

    `records`: doc_ids of those that begin at the offset; `damage`: doc_ids of regions that do, as the part of the file
    names them -> as the whole does.
    """

    lead: int
    start: int
    end: int | None
    records: frozenset[str]
    damage: dict[str, str]

    @property
    def shift(self) -> int:
        """What is to be added to an offset in the part."""
        return self.start - self.lead


def replay(
    stream: BinaryIO,
    offset: int,
    doc_id: str | None,
    facts: ShardFacts,
    params: ExtractParams,
    models: Mapping[str, str],
    read_pages: ReadPages,
) -> Replayed:
    """Extract what begins at `offset` as stored; where several rows begin there (one gzip member), `doc_id` chooses.

    Damaged regions have the doc_ids that a run gives them. Raises NotAWarc where nothing of an archive begins there.
    """
    place = _place(stream, offset, params.max_page_bytes, facts)
    every = place.records | set(place.damage.values())
    wanted = every & {doc_id} if doc_id else every
    if not wanted:
        raise NotAWarc(f"no record begins at offset {offset}" + (f" with doc_id {doc_id}" if doc_id else ""))
    part = io.BufferedReader(_Part(stream, place.lead, place.start, place.end))
    tables = extract(part, facts, params, models, Only(place.records & wanted), 1.0, read_pages).tables
    found = _in_the_file(tables["extract/decisions"], place).filter(pl.col("warc_offset") == offset)
    found = found.filter(pl.col("doc_id").is_in(wanted))
    # what an earlier record gave, of which this one is a repeat, is not this one's
    own = found.filter(pl.col("reason").fill_null("") != "repeated_record")["doc_id"].implode()
    look, documents = (tables[f"extract/{name}"].filter(pl.col("doc_id").is_in(own)) for name in ("look", "documents"))
    return Replayed(found, look, documents)


def _place(stream: BinaryIO, offset: int, bound: int, facts: ShardFacts) -> _Place:
    """What the reader finds at `offset`, and how far it has come when it meets the next row."""
    layout = layout_of(stream)
    start = offset if _begins_with_header(stream, layout, offset) else 0
    # a start that is damaged is no lead: what seems to be one may reach beyond the offset
    front = layout.start if start and layout.codec and layout.start == lead(stream) else 0
    shift = start - front
    part, end = _Part(stream, front, start), None
    records, damage = set[str](), dict[str, str]()
    for item in read(io.BufferedReader(part), bound, Tally()):
        if item.offset + shift > offset:
            end = part.reached + shift
            break
        if item.offset + shift < offset:
            continue
        if isinstance(item, Damage):
            here, whole = (damage_id(facts.file_digest, item.offset + more, item.inner) for more in (0, shift))
            damage[here] = whole
        else:
            records.add(item.doc_id)
    return _Place(front, start, end, frozenset(records), damage)


def _begins_with_header(stream: BinaryIO, layout: Layout, offset: int) -> bool:
    """Whether the unit (plain: the line) at `offset` begins with a record's header line."""
    if layout.codec is not None:
        return layout.form.starts(layout.codec.peek(stream, offset, layout.form.ahead))
    stream.seek(offset)
    return layout.form.starts(stream.read(layout.form.ahead))


def _in_the_file(decisions: pl.DataFrame, place: _Place) -> pl.DataFrame:
    """Decisions with the places that a run over the whole file names, in details and the doc_ids of damage, too."""
    named = pl.col("detail").str.extract(_PLACE).cast(pl.Int64) + place.shift
    moved = pl.col("detail").str.replace(r"\d+$", named.cast(pl.String))
    return decisions.with_columns(
        pl.col("warc_offset") + place.shift,
        pl.col("doc_id").replace(place.damage),
        pl.when(pl.col("reason").str.contains(_PLACED))
        .then(pl.coalesce(moved, "detail"))
        .otherwise("detail")
        .alias("detail"),
    )
