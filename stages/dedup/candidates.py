"""Candidates: which contents share a band of their signatures, and how to visit them in bounded memory.

Locality-sensitive hashing after Indyk and Motwani (1998): two texts of similarity s share at least one of b bands of r
values with probability 1 - (1 - s^r)^b. This module knows signatures only: no text, no document, no policy.
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from stages.shingles import Hashes, Ints, mix64


def band_keys(minhash: pl.Series, bands: int, rows: int) -> Hashes:
    """One 64-bit key per text and band (texts x bands) from non-empty signatures of bands x rows values."""
    values = np.frombuffer(b"".join(minhash.to_list()), dtype="<u4").reshape(len(minhash), bands * rows)
    keys = np.empty((len(minhash), bands), dtype=np.uint64)
    _band_keys(values.astype(np.uint32, copy=False), rows, keys)
    return keys


def buckets(keys: Hashes) -> Ints:
    """The bucket of each text in each band (texts x bands), numbered from 0; -1 where it is alone in its bucket."""
    out = np.full(keys.shape, -1, dtype=np.int64)
    first = 0
    for band in range(keys.shape[1]):
        order = np.argsort(keys[:, band])  # who comes first among equal keys does not matter
        column = keys[order, band]
        differ = column[1:] != column[:-1]
        starts = np.concatenate([[True], differ])[: len(order)]
        shared = ~(starts & np.concatenate([differ, [True]])[: len(order)])
        group = np.cumsum(starts[shared])
        out[order[shared], band] = first + group - 1
        first += int(group[-1]) if len(group) else 0
    return out


def pairs(keys: Mapping[str, pl.DataFrame], rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """dedup/keys of one range of keys by shard -> dedup/candidates: who shares a bucket, linear in the members.

    `keys` has the column key alone. A row per member of a bucket of at least two contents and per shard that holds it,
    beside the bucket's first content (`paired`), which has rows of its own; rows are distinct and sorted. A bucket of
    10^5 members makes 10^5 rows.
    """
    found = repeated(rows, "key", repeats(part["key"] for part in keys.values()))
    if found is None:
        return _NO_PAIRS
    found = found.sort("key")
    key, content = found["key"].to_numpy(), found["content"].to_numpy()
    begins = np.ones(len(key), dtype=np.bool_)
    begins[1:] = key[1:] != key[:-1]
    starts, bucket = np.flatnonzero(begins), np.cumsum(begins) - 1
    first, last = np.minimum.reduceat(content, starts), np.maximum.reduceat(content, starts)
    table = found.select("content", "size", "shard", paired=pl.Series(first[bucket]))
    return table.filter(pl.Series((first != last)[bucket])).unique().sort("content", "paired", "shard")


def repeats(columns: Iterable[pl.Series]) -> Ints:
    """The values that occur more than once in some columns of integers, sorted."""
    every = np.concatenate([np.empty(0, dtype=np.int64), *(column.to_numpy() for column in columns)])
    every.sort()
    return np.unique(every[1:][every[1:] == every[:-1]])


def repeated(rows: Mapping[str, pl.DataFrame], column: str, values: Ints) -> pl.DataFrame | None:
    """The rows of all shards with one of the sorted `values`, a shard in memory at a time; None where there is none."""
    if not len(values):
        return None
    few = []
    for shard, part in rows.items():
        own = part[column].to_numpy()
        place = np.minimum(np.searchsorted(values, own), len(values) - 1)
        few.append(part.filter(pl.Series(values[place] == own)).with_columns(shard=pl.lit(shard)))
    return pl.concat(few)


def lots(candidates: Collection[pl.DataFrame], budget: int, labels: pl.DataFrame | None = None) -> pl.DataFrame:
    """dedup/candidates, part by part -> dedup/lots: the lot of every content that shares a bucket, by shard; sorted.

    Contents which share a bucket share a lot: that of the range into which a hash of their component's first falls.
    So lots stay as they are when others grow. There is a power of two of them, of about `budget` shingles and less;
    a component larger than that makes its lot larger. Components come from `labels` (content, component; see stars), or
    else are found here by union-find: some 50 bytes per content, and the rows of one part.
    """
    held = _held(candidates)
    contents = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *held.values()]))
    component, size = components(candidates, contents, labels)
    bits = max(0, -(-int(size.sum()) // budget) - 1).bit_length()
    place = component.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # the first of many contents is a small number
    lot = (place >> np.uint64(63 - bits) >> np.uint64(1)).astype(np.int64)
    rows = [
        pl.DataFrame({"content": own, "lot": lot[np.searchsorted(contents, own)]}).select(
            pl.lit(shard).alias("shard"), pl.all()
        )
        for shard, own in sorted(held.items())
    ]
    return pl.concat([_NO_LOTS, *rows])


def _held(candidates: Iterable[pl.DataFrame]) -> dict[str, Ints]:
    """Shard -> the contents that it holds, sorted."""
    found: dict[str, list[Ints]] = {}
    for part in candidates:
        for (shard,), rows in part.group_by("shard", maintain_order=True):
            found.setdefault(str(shard), []).append(np.unique(rows["content"].to_numpy()))
    return {shard: np.unique(np.concatenate(parts)) for shard, parts in found.items()}


def components(candidates: Iterable[pl.DataFrame], contents: Ints, labels: pl.DataFrame | None) -> tuple[Ints, Ints]:
    """Of each of `contents`, which are sorted: the first content of its component, and its size."""
    parent, size = np.arange(len(contents), dtype=np.int64), np.zeros(len(contents), dtype=np.int64)
    for part in candidates:
        a, b = (np.searchsorted(contents, part[name].to_numpy()) for name in ("content", "paired"))
        size[a] = part["size"].to_numpy()
        if labels is None:
            _join_all(a, b, parent)
    if labels is not None:
        parent[np.searchsorted(contents, labels["content"].to_numpy())] = np.searchsorted(
            contents, labels["component"].to_numpy()
        )
    first: Ints = contents[parent]
    return first, size


def count(lots: pl.DataFrame) -> int:
    """How many lots there are."""
    return len(lots) and int(lots["lot"].max()) + 1  # type: ignore[arg-type]


_NO_LOTS = pl.DataFrame(schema={"shard": pl.String, "content": pl.Int64, "lot": pl.Int64})
_NO_PAIRS = pl.DataFrame(schema={"content": pl.Int64, "size": pl.Int64, "shard": pl.String, "paired": pl.Int64})


@njit(cache=True)
def _band_keys(values: NDArray[np.uint32], rows: int, keys: Hashes) -> None:
    for i in range(keys.shape[0]):
        for band in range(keys.shape[1]):
            key = np.uint64(rows)
            for value in values[i, band * rows : (band + 1) * rows]:
                key = mix64(key ^ np.uint64(value)) + np.uint64(0x9E3779B97F4A7C15)
            keys[i, band] = key


@njit(cache=True)
def root(parent: Ints, i: int) -> int:
    """The representative of i's set, the smallest index in it; halves the paths it walks."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True)
def join(parent: Ints, i: int, j: int) -> None:
    """Unite the sets of i and j under the smaller representative."""
    a, b = root(parent, i), root(parent, j)
    parent[max(a, b)] = min(a, b)


@njit(cache=True)
def _join_all(a: Ints, b: Ints, parent: Ints) -> None:
    for i in range(len(a)):
        join(parent, a[i], b[i])
    for i in range(len(parent)):
        parent[i] = root(parent, i)
