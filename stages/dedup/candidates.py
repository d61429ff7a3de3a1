"""Candidates: which contents share a band of their signatures, and how to visit them in bounded memory.

Locality-sensitive hashing after Indyk and Motwani (1998): two texts of similarity s share at least one of b bands of r
values with probability 1 - (1 - s^r)^b. This module knows signatures only: no text, no document, no policy.
"""

from collections.abc import Iterable

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
        order = np.argsort(keys[:, band], kind="stable")
        column = keys[order, band]
        starts = np.ones(len(order), dtype=np.bool_)
        starts[1:] = column[1:] != column[:-1]
        group = np.cumsum(starts) - 1
        shared = np.bincount(group)[group] > 1 if len(group) else starts
        out[order[shared], band] = first + np.unique(group[shared], return_inverse=True)[1]
        first = int(out[:, band].max(initial=first - 1)) + 1
    return out


def pairs(keys: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """dedup/keys of one range of keys by shard -> dedup/candidates: who shares a bucket, linear in the members.

    A row per member of a bucket of at least two contents, beside the bucket's first content (`paired`), which has a
    row of its own; rows are distinct and sorted. A bucket of 10^5 members makes 10^5 rows.
    """
    rows = pl.concat([_NO_KEYS, *keys]).sort("key", "content")
    key, content = rows["key"].to_numpy(), rows["content"].to_numpy()
    begins = np.ones(len(key), dtype=np.bool_)  # of a bucket; numpy, since a window function makes a list per key
    begins[1:] = key[1:] != key[:-1]
    bucket = np.cumsum(begins) - 1
    first = content[begins][bucket]
    others = np.bincount(bucket[content != first], minlength=len(first))[bucket]  # a key may come from several shards
    shared = rows.select("content", "size", paired=pl.Series(first)).filter(pl.Series(others > 0))
    return shared.unique().sort("content", "paired")


def lots(candidates: Iterable[pl.DataFrame], budget: int, labels: pl.DataFrame | None = None) -> pl.DataFrame:
    """dedup/candidates, part by part -> dedup/lots: content and lot of every content that shares a bucket, sorted.

    Contents which share a bucket share a lot; a lot's shingles sum up to about `budget`. A component larger than the
    budget makes a lot of its own. Components come from `labels` (content, component; see stars), or else are found here
    by union-find: some 60 bytes per content and 40 per row.
    """
    if labels is None:
        rows = pl.concat([_NO_PAIRS, *candidates])
        texts = _sizes([rows])
        component = pl.Series(_components(rows, texts["content"]))
    else:
        texts = _sizes(candidates)
        known = texts.join(labels, on="content", how="left", maintain_order="left")
        component = known.select(pl.coalesce("component", "content")).to_series()
    roots, number = np.unique(component.to_numpy(), return_inverse=True)
    weights = np.zeros(len(roots), dtype=np.int64)
    np.add.at(weights, number, texts["size"].to_numpy())
    lot = _pack(weights, budget)[number] if len(roots) else weights
    return pl.DataFrame({"content": texts["content"], "lot": pl.Series(lot, dtype=pl.Int64)})


def _sizes(candidates: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The size of each content, sorted by content."""
    parts = [part.select("content", "size").unique("content", keep="first") for part in candidates]
    sizes = _NO_PAIRS.select("content", "size")
    return pl.concat([sizes, *parts]).unique("content", keep="first").sort("content")


def _components(rows: pl.DataFrame, contents: pl.Series) -> Ints:
    """The smallest content of the component of each of `contents`, which are sorted."""
    known = contents.to_numpy()
    a, b = (np.searchsorted(known, rows[name].to_numpy()).astype(np.int64) for name in ("content", "paired"))
    found: Ints = known[components(a, b, len(known))] if len(known) else known
    return found


def count(lots: pl.DataFrame) -> int:
    """How many lots there are."""
    return len(lots) and int(lots["lot"].max()) + 1  # type: ignore[arg-type]


_NO_KEYS = pl.DataFrame(schema={"key": pl.Int64, "content": pl.Int64, "size": pl.Int64})
_NO_PAIRS = pl.DataFrame(schema={"content": pl.Int64, "size": pl.Int64, "paired": pl.Int64})


def components(a: Ints, b: Ints, count: int) -> Ints:
    """The smallest index among all that the edges a[i] - b[i] connect, for each of `count` nodes."""
    parent = np.arange(count, dtype=np.int64)
    _join_all(a, b, parent)
    return parent


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


@njit(cache=True)
def _pack(weights: Ints, budget: int) -> Ints:
    out, lot, load = np.empty(len(weights), dtype=np.int64), 0, 0
    for i in range(len(weights)):
        if load > 0 and load + weights[i] > budget:
            lot, load = lot + 1, 0
        load += weights[i]
        out[i] = lot
    return out
