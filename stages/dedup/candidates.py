"""Candidates: which texts share a band of their signatures, and how to visit them in bounded memory.

Locality-sensitive hashing after Indyk and Motwani (1998): two texts of similarity s share at least one of b bands of r
values with probability 1 - (1 - s^r)^b. This module knows signatures only: no text, no document, no policy.
"""

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from stages.shingles import Hashes, Ints, mix64

Flags = NDArray[np.bool_]


def band_keys(minhash: pl.Series, bands: int, rows: int) -> Hashes:
    """One 64-bit key per text and band (texts x bands) from non-empty signatures of bands x rows values."""
    values = np.frombuffer(b"".join(minhash.to_list()), dtype="<u4").reshape(len(minhash), bands * rows)
    keys = np.empty((len(minhash), bands), dtype=np.uint64)
    _band_keys(values.astype(np.uint32, copy=False), rows, keys)
    return keys


def buckets(keys: Hashes, scope: Ints) -> Ints:
    """The bucket of each text in each band (texts x bands), numbered from 0; -1 where it is alone in its bucket.

    `scope` is a number per text; texts of different scope never share a bucket.
    """
    out = np.full(keys.shape, -1, dtype=np.int64)
    first = 0
    for band in range(keys.shape[1]):
        column = keys[:, band]
        order = np.lexsort((column, scope))
        starts = np.ones(len(order), dtype=np.bool_)
        starts[1:] = (column[order][1:] != column[order][:-1]) | (scope[order][1:] != scope[order][:-1])
        group = np.cumsum(starts) - 1
        shared = np.bincount(group)[group] > 1 if len(group) else starts
        out[order[shared], band] = first + np.unique(group[shared], return_inverse=True)[1]
        first = int(out[:, band].max(initial=first - 1)) + 1
    return out


def lots(places: Ints, sizes: Ints, budget: int) -> Ints:
    """A lot per text, so that texts which share a bucket share a lot and a lot's sizes sum up to about `budget`.

    Returns -1 for a text that shares no bucket. A component larger than the budget makes a lot of its own.
    """
    parent = np.arange(len(places), dtype=np.int64)
    _join_buckets(places, parent)
    in_use = (places >= 0).any(axis=1)
    roots, component = np.unique(parent[in_use], return_inverse=True)
    weights = np.zeros(len(roots), dtype=np.int64)
    np.add.at(weights, component, sizes[in_use])
    out = np.full(len(places), -1, dtype=np.int64)
    out[in_use] = _pack(weights, budget)[component]
    return out


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
def _join_buckets(places: Ints, parent: Ints) -> None:
    first = np.full(places.max() + 1 if places.size else 0, -1, dtype=np.int64)
    for i in range(places.shape[0]):
        for bucket in places[i]:
            if bucket >= 0:
                if first[bucket] < 0:
                    first[bucket] = i
                join(parent, first[bucket], i)
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
