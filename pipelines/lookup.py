"""A few rows out of large tables: by doc_id, or by their place. The reading side of the store without Polars.

A row group whose statistics exclude a doc_id is not read; of the others, doc_id first and the rest only where it is
found. Imports of Arrow alone keep the start of a command short. Knows no stage.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import Infrastructure
from pipelines.store import Ref, Store

Row = dict[str, Any]


def rows_of(store: Store, ref: Ref, doc_id: str, leave: Sequence[str] = ()) -> list[Row]:
    """The rows of a document in a table's shard, without the columns `leave`; none where there is no doc_id column."""
    try:
        with pq.ParquetFile(store.path(ref)) as file:
            return list(_rows(file, doc_id, leave))
    except (OSError, pa.ArrowInvalid) as error:
        raise Infrastructure(f"{store.path(ref)}: cannot be read ({error}); remove it and run again") from error


def _rows(file: pq.ParquetFile, doc_id: str, leave: Sequence[str]) -> Iterator[Row]:
    names = file.schema_arrow.names
    if "doc_id" not in names:
        return
    wanted = [name for name in names if name not in leave]
    for group in range(file.num_row_groups):
        if _may_hold(file.metadata.row_group(group).column(names.index("doc_id")), doc_id):
            names_there = file.read_row_group(group, columns=["doc_id"]).column(0).to_pylist()
            places = [place for place, name in enumerate(names_there) if name == doc_id]
            if places:
                yield from _taken(file.read_row_group(group, columns=wanted), places)


def _may_hold(column: Any, value: str) -> bool:
    found = column.statistics
    return found is None or not found.has_min_max or found.min <= value <= found.max


def _taken(table: Any, places: Sequence[int]) -> list[Row]:
    """Rows by their number. By slices: what turns Python values into Arrow's (take, index) imports pandas first."""
    return [row for place in places for row in table.slice(place, 1).to_pylist()]


def at_places(store: Store, ref: Ref, places: Sequence[int], columns: Sequence[str]) -> list[Row]:
    """Rows by their number in a table's shard, in ascending order; numbers beyond its end are left out."""
    out: list[Row] = []
    with pq.ParquetFile(store.path(ref)) as file:
        start = 0
        for group in range(file.num_row_groups):
            height = file.metadata.row_group(group).num_rows
            own = [place - start for place in sorted(places) if start <= place < start + height]
            if own:
                out += _taken(file.read_row_group(group, columns=list(columns)), own)
            start += height
    return out


def values(store: Store, ref: Ref, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """A table's shard as tuples, one row group in memory."""
    with pq.ParquetFile(store.path(ref)) as file:
        for batch in file.iter_batches(columns=list(columns)):
            yield from zip(*(batch.column(name).to_pylist() for name in columns))
