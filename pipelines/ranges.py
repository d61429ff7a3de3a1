"""Ranges of sorted tables, and arrays too large for memory: the store's side of global work.

A table sorted by a column is read for a range of its values without the row groups that lie outside. Knows no stage.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.work import Shards


class Between(Mapping[str, pl.DataFrame]):
    """All shards of a table, of each the rows with low <= column < high, read one by one as they are asked for."""

    def __init__(self, shards: Shards, column: str, low: int, high: int, columns: Sequence[str] | None = None) -> None:
        self.shards, self.column, self.low, self.high = shards, column, low, high
        self.columns = columns or shards.columns

    def __getitem__(self, shard: str) -> pl.DataFrame:
        store, ref = self.shards.store, self.shards.refs[shard]
        return store.read_between(ref, self.columns, self.column, self.low, self.high)

    def __iter__(self) -> Iterator[str]:
        return iter(self.shards)

    def __len__(self) -> int:
        return len(self.shards)


def cut(part: int, of: int) -> tuple[int, int]:
    """Part k of n of all signed 64-bit integers: the first one in it, and the first one beyond."""
    low, high = (-(2**63) + 2**64 * k // of for k in (part, part + 1))
    return low, high


@contextmanager
def space(n: int, most: int) -> Iterator[NDArray[np.uint64]]:
    """An array of n values: in memory up to `most`, else mapped from a temporary file, which can be paged out."""
    if n <= most:
        yield np.empty(n, dtype=np.uint64)
        return
    with tempfile.TemporaryFile() as file:
        file.truncate(8 * n)
        yield np.memmap(file, dtype=np.uint64, mode="r+", shape=(n,))
