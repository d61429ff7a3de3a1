"""Ranges of sorted tables, and arrays too large for memory: the store's side of global work.

A table sorted by a column is read for a range of its values without the row groups that lie outside. Knows no stage.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.errors import Infrastructure
from pipelines.store import Ref, Store
from pipelines.work import Shards


class Between(Mapping[str, pl.DataFrame]):
    """All shards of a table, of each the rows with low <= column < high, read one by one as they are asked for."""

    def __init__(self, shards: Shards, column: str, low: int, high: int, columns: Sequence[str] | None = None) -> None:
        self.shards, self.column, self.low, self.high = shards, column, low, high
        self.columns = columns or shards.columns

    def __getitem__(self, shard: str) -> pl.DataFrame:
        ref = self.shards.refs[shard]
        return read_between(self.shards.store, ref, self.columns, self.column, self.low, self.high)

    def __iter__(self) -> Iterator[str]:
        return iter(self.shards)

    def __len__(self) -> int:
        return len(self.shards)


def read_between(
    store: Store, ref: Ref, columns: Sequence[str] | None, column: str, low: int, high: int
) -> pl.DataFrame:
    """Rows of a table's shard with low <= column < high, with `columns` or all of them."""
    path = store.path(ref)
    try:
        with pq.ParquetFile(path) as file:
            names = list(columns or file.schema_arrow.names)
            wanted = list(dict.fromkeys([*names, column]))
            groups = [g for g in range(file.num_row_groups) if _overlaps(file, g, column, low, high)]
            frame = pl.from_arrow(file.read_row_groups(groups, columns=wanted))
    except (OSError, pa.ArrowInvalid) as error:
        raise Infrastructure(f"{path}: cannot be read ({error}); remove it and run again") from error
    assert isinstance(frame, pl.DataFrame)
    return frame.filter(pl.col(column) >= low, pl.col(column) < high).select(names)


def _overlaps(file: pq.ParquetFile, group: int, column: str, low: int, high: int) -> bool:
    found = file.metadata.row_group(group).column(file.schema_arrow.get_field_index(column)).statistics
    return found is None or not found.has_min_max or (found.max >= low and found.min < high)


@contextmanager
def space(n: int, most: int) -> Iterator[NDArray[np.uint64]]:
    """An array of n values: in memory up to `most`, else mapped from a temporary file, which can be paged out."""
    if n <= most:
        yield np.empty(n, dtype=np.uint64)
        return
    with tempfile.TemporaryFile() as file:
        file.truncate(8 * n)
        yield np.memmap(file, dtype=np.uint64, mode="r+", shape=(n,))
