"""The store: the only module that lists, opens and commits data.

A file appears under its final name whole or not at all (temporary file, fsync, rename). Tables lie under
data/<stage>/<table>/<shard>.parquet; with run.store elsewhere they lie there and carry their digest in the name, so
that an old manifest still finds its tables. Knows no stage's meaning. Polars and Arrow are imported where a table is
touched: many a command only asks where things lie.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import BadInput, Infrastructure
from pipelines.files import committed

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
DATA = Path("data")
ROW_GROUP = 10_000
WIDE_GROUP = 1_000  # of a table with texts or sets: who wants a few of them decodes no more; files grow by 2 %


@dataclass(frozen=True)
class Ref:
    """One shard of a table, by content."""

    table: str  # "<stage>/<table>"
    shard: str
    digest: str
    rows: int = 0
    n_bytes: int = 0  # of Arrow values


@dataclass(frozen=True)
class Output:
    """A table as it was committed: what it holds, and the file that holds it."""

    ref: Ref
    size: int
    file_digest: str


@dataclass(frozen=True)
class Store:
    """Where things lie. `root` is the checkout; `tables` is where tables go (root/data, or the path of run.store)."""

    root: Path
    tables: Path

    @classmethod
    def at(cls, root: Path, where: str) -> Store:
        """The store of a checkout; `where` is run.store."""
        if "://" in where and not where.startswith("file://"):
            raise BadInput(f"run.store: {where!r} is not a path on this machine; name a mounted path")
        return cls(root, (root / where.removeprefix("file://")).resolve())

    @property
    def named_by_digest(self) -> bool:
        """True where tables lie outside data/."""
        return self.tables != self.root / DATA

    def data(self, *parts: str) -> Path:
        """A path under data/ of the checkout."""
        return self.root.joinpath(DATA, *parts)

    def path(self, ref: Ref) -> Path:
        """The file of a table's shard."""
        name = f"{ref.shard}.{ref.digest}.parquet" if self.named_by_digest else f"{ref.shard}.parquet"
        return self.tables.joinpath(ref.table, name)

    def receipt(self, stage: str, family: str, shard: str, key: str) -> Path:
        """The receipt of one family's shard; it carries its key in its name where tables carry theirs."""
        name = f"{shard}.{key[:16]}.json" if self.named_by_digest else f"{shard}.json"
        return self.tables.joinpath(stage, "receipts", family, name)

    def write(self, table: str, shard: str, frame: pl.DataFrame, schema: pa.Schema) -> Output:
        """Cast to the schema, commit as Parquet, return what was committed. Raises Infrastructure on a full disk."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        arrow = _cast(frame, schema, f"{table}/{shard}")
        self.tables.mkdir(parents=True, exist_ok=True)
        sink = pa.BufferOutputStream()
        wide = any(pa.types.is_large_string(kind) or pa.types.is_large_binary(kind) for kind in schema.types)
        rows = min(ROW_GROUP, WIDE_GROUP) if wide else ROW_GROUP
        pq.write_table(arrow, sink, compression="zstd", compression_level=3, use_dictionary=False, row_group_size=rows)
        written = sink.getvalue()
        # The digest is of what a reader will see: bytes under nulls are not values.
        seen = read_arrow(pa.BufferReader(written))
        ref = Ref(table, shard, content_digest(seen), seen.num_rows, seen.nbytes)
        with committed(self.path(ref)) as file:
            file.write(written)
        return Output(ref, written.size, hashlib.sha256(written).hexdigest())

    def read(self, ref: Ref, columns: Iterable[str] | None = None) -> pl.DataFrame:
        """A table's shard, or some of its columns."""
        import pyarrow as pa

        path = self.path(ref)
        try:
            arrow = read_arrow(path, columns)
        except (OSError, pa.ArrowInvalid, KeyError) as error:
            raise Infrastructure(f"{path}: cannot be read ({error}); remove it and run again") from error
        return _frame(arrow)

    def read_between(self, ref: Ref, columns: Iterable[str] | None, column: str, low: Any, high: Any) -> pl.DataFrame:
        """Rows with low <= column < high of a table's shard, which is sorted by it, without the row groups outside."""
        import polars as pl
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path(ref)
        try:
            with pq.ParquetFile(path) as file:
                names = list(columns or file.schema_arrow.names)
                wanted = list(dict.fromkeys([*names, column]))
                groups = [g for g in range(file.num_row_groups) if _overlaps(file, g, column, low, high)]
                table = file.read_row_groups(groups, columns=wanted, use_threads=False)
        except (OSError, pa.ArrowInvalid) as error:
            raise Infrastructure(f"{path}: cannot be read ({error}); remove it and run again") from error
        values = _frame(table.select([column]))[column]
        first, last = (int(values.search_sorted(value, "left")) for value in (low, high))
        if last - first < len(values):  # a slice would hold on to the whole
            table = table.take(pl.int_range(first, last, eager=True).to_arrow())
        return _frame(table.select(names))

    def own_rows(self, refs: Iterable[Ref], shard: str, columns: Iterable[str], present: str | None) -> pl.DataFrame:
        """Rows that name a shard in the column `shard`, by which the tables are sorted; where `present` is not null."""
        import polars as pl

        rows = pl.concat([self.read_between(ref, columns, "shard", shard, shard + "\0") for ref in refs])
        return rows.filter(pl.col(present).is_not_null()) if present else rows

    def own_digests(self, refs: Iterable[Ref], columns: Iterable[str], present: str | None) -> dict[str, str]:
        """Shard -> digest of what `own_rows` gives it, of all shards that have any."""
        found: dict[str, list[str]] = {}
        for ref in refs:
            rows = self.read(ref, ["shard", *columns])
            rows = rows.drop_nulls(present) if present else rows
            for part in rows.partition_by("shard", maintain_order=True):
                found.setdefault(part["shard"][0], []).append(content_digest(part.drop("shard").to_arrow()))
        return {shard: " ".join(digests) for shard, digests in found.items()}

    def columns(self, ref: Ref) -> list[str]:
        """Names of a table's columns."""
        import pyarrow.parquet as pq

        return list(pq.read_schema(self.path(ref)).names)

    def footer(self, ref: Ref) -> tuple[pa.Schema, int] | None:
        """Schema and rows of a table's shard as its file says, or None where there is no such Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.path(ref)) as file:
                return file.schema_arrow, file.metadata.num_rows
        except (OSError, pa.ArrowInvalid):
            return None

    def content(self, ref: Ref) -> str | None:
        """The content digest of what is on disk now, or None where that cannot be read as a table."""
        import pyarrow as pa

        try:
            return content_digest(read_arrow(self.path(ref)))
        except (OSError, UnicodeDecodeError, pa.ArrowException):  # what 6,000 planted faults raised
            return None

    def shards_of(self, table: str) -> list[str]:
        """Shards whose file lies in a table's folder, whatever manifest names them."""
        cut = 2 if self.named_by_digest else 1
        return sorted({p.name.rsplit(".", cut)[0] for p in (self.tables / table).glob("*.parquet")})

    def remove(self, path: Path) -> None:
        """Remove one file, if it is there."""
        path.unlink(missing_ok=True)

    def clear_temporaries(self, stage: str) -> None:
        """Sweep what a killed writer of this stage left behind."""
        for base in {self.data(stage), self.tables / stage}:
            for leftover in base.rglob(".*.tmp"):
                leftover.unlink(missing_ok=True)


def read_arrow(source: Path | pa.BufferReader, columns: Iterable[str] | None = None) -> pa.Table:
    """A Parquet file, or some of its columns in that order; pyarrow's read_table takes half as long again.

    Not from a Python object's bytes: a thread of Arrow that lets go of them while the process ends aborts it.
    Raises OSError, ArrowInvalid or KeyError.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        names = list(file.schema_arrow.names if columns is None else columns)
        return file.read(names, use_threads=False).select(names)


def _cast(frame: pl.DataFrame, schema: pa.Schema, where: str) -> pa.Table:
    import polars as pl

    missing = [n for n in schema.names if n not in frame.columns]
    if missing:
        raise ValueError(f"{where}: columns missing: {missing}")
    arrow = frame.select(schema.names).to_arrow(compat_level=pl.CompatLevel.oldest())
    return arrow.cast(schema).combine_chunks()


def _frame(arrow: pa.Table) -> pl.DataFrame:
    import polars as pl

    frame = pl.from_arrow(arrow)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _overlaps(file: pq.ParquetFile, group: int, column: str, low: Any, high: Any) -> bool:
    found = file.metadata.row_group(group).column(file.schema_arrow.get_field_index(column)).statistics
    return found is None or not found.has_min_max or (found.max >= low and found.min < high)


def content_digest(table: pa.Table) -> str:
    """128 bits of sha256 over the Arrow IPC stream of the combined table: of its values, not of the Parquet bytes."""
    import pyarrow as pa

    sink = _Sha()
    one = table.combine_chunks()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), one.schema) as writer:
        writer.write_table(one)
    return sink.sha.hexdigest()[:32]


class _Sha(io.RawIOBase):
    """A file that only hashes what is written to it."""

    def __init__(self) -> None:
        self.sha = hashlib.sha256()

    def write(self, data: Any) -> int:
        self.sha.update(data)
        return len(data)

    def writable(self) -> bool:
        return True


def read_some_lines(
    path: Path, schema: Mapping[str, type[pl.DataType]], column: str, wanted: Sequence[str]
) -> pl.DataFrame:
    """The rows of a JSON Lines file whose `column` is one of `wanted`, the others never held; none without the file."""
    import polars as pl

    if not path.is_file() or not path.stat().st_size:
        return pl.DataFrame(schema=schema)
    return pl.scan_ndjson(path, schema=dict(schema)).filter(pl.col(column).is_in(wanted)).collect()


def read_rows(path: Path) -> pl.DataFrame:
    """A source's file (.parquet, .jsonl, .jsonl.gz) as a frame; nested values of JSON Lines as JSON text.

    Raises BadInput naming file and line where it is neither.
    """
    import polars as pl
    import pyarrow as pa

    if path.suffix == ".parquet":
        try:
            return _frame(read_arrow(path))
        except (OSError, pa.ArrowInvalid) as error:
            raise BadInput(f"{path}: is no readable Parquet file ({error})") from error
    opener = gzip.open if path.suffix == ".gz" else open
    rows: list[dict[str, Any]] = []
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                rows.append(
                    {k: json.dumps(v, sort_keys=True) if isinstance(v, dict | list) else v for k, v in row.items()}
                )
            except (ValueError, AttributeError) as error:
                raise BadInput(f"{path}: line {number} is no JSON object ({error})") from error
    return pl.DataFrame(rows, infer_schema_length=None, strict=False)
