"""Windows as numbers: each word and each run of words becomes a small integer, equal for equal runs.

Besides plain n-grams there are two views that hide one kind of word from the other. Function words are the words of
most windows, of source and reference together; *content* are the others, function words hidden. A *frame* is a run of
words in which every content word is hidden, so that texts from one template share frames whatever fills the slots.
What this module does not know: what is counted, and which windows are compared with which.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from stages.mix.windows import WORDS, document_hash
from stages.shingles import Bytes, Hashes, Ints, mix64

Ids = NDArray[np.int32]
ORDERS = (1, 2, 3, 4, 8)
FUNCTION_WORDS = 100
FRAME = 12  # words of a frame, of which at least FRAME_KEPT are function words and FRAME_SLOTS are slots
FRAME_KEPT, FRAME_SLOTS = 4, 2
_BASE, _SLOT = np.uint64(0x9E3779B97F4A7C15), np.uint64(1)


@dataclass(frozen=True)
class Blocks:
    """Windows of a source, then of its reference. Row i of a view holds window i; -1 is hidden. Ids count from 0."""

    views: dict[str, Ids]  # "1" … "8": n-grams by n; "content", "frame"
    sizes: dict[str, int]  # view -> different ids
    strata: Ints
    clusters: Hashes
    source: int  # windows of the source, which come first
    names: tuple[tuple[str, ...], ...]  # stratum -> domain, position, language

    def counted(self, rows: slice) -> Ints:
        """Windows per stratum."""
        return np.bincount(self.strata[rows], minlength=len(self.names)).astype(np.int64)


def encode(source: pl.DataFrame, reference: pl.DataFrame) -> Blocks:
    """Windows of both (domain, position, language, doc_id, key, text) as numbers; windows of other length are left out.

    The order of rows plays no part: windows are taken by key.
    """
    one, other = (ordered(w) for w in (source, reference))
    both = pl.concat([one, other])
    strata = both.select(*_STRATUM).fill_null("").with_row_index("row")
    named = strata.unique(_STRATUM, maintain_order=True).sort(_STRATUM).with_row_index("stratum")
    numbers = strata.join(named.drop("row"), on=_STRATUM, how="left", maintain_order="left")["stratum"]
    hashes = words(both["text"])
    views, sizes = _views(hashes)
    clusters = np.array([document_hash(d) for d in both["doc_id"]], dtype=np.uint64)
    names = tuple(named.select(_STRATUM).iter_rows())
    return Blocks(views, sizes, numbers.to_numpy().astype(np.int64), clusters, one.height, names)


_STRATUM = ["domain", "position", "language"]


def ordered(windows: pl.DataFrame) -> pl.DataFrame:
    """Windows as `encode` takes them: those of full length, by key."""
    whole = windows.filter(pl.col("text").str.count_matches(" ", literal=True) == WORDS - 1)
    columns = [pl.col(name).cast(pl.String) for name in _STRATUM]
    return whole.sort("key", "doc_id", "text").select(*columns, "doc_id", "text")


def words(texts: pl.Series) -> Hashes:
    """The hashes of the words of windows, 50 a row: FNV-1a of the bytes, finalised."""
    data = np.frombuffer("".join(f"{t} " for t in texts).encode(), dtype=np.uint8)
    out = np.empty((len(texts), WORDS), dtype=np.uint64)
    _hash_words(data, out.reshape(-1))
    return out


@njit(cache=True)
def _hash_words(data: Bytes, out: Hashes) -> None:
    at, word = 0, np.uint64(0xCBF29CE484222325)
    for byte in data:
        if byte == 32:
            out[at] = mix64(word)
            at += 1
            word = np.uint64(0xCBF29CE484222325)
        else:
            word = (word ^ np.uint64(byte)) * np.uint64(0x100000001B3)


def _views(hashes: Hashes) -> tuple[dict[str, Ids], dict[str, int]]:
    views, sizes = {}, {}
    for n in ORDERS:
        views[str(n)], sizes[str(n)] = _ids(runs(hashes, n))
    function = _function_words(views["1"], sizes["1"])
    views["content"], sizes["content"] = np.where(function[views["1"]], np.int32(-1), views["1"]), sizes["1"]
    kept = function[views["1"]]
    masked = runs(np.where(kept, hashes, _SLOT), FRAME)
    inside = np.lib.stride_tricks.sliding_window_view(kept, FRAME, axis=1).sum(axis=2)
    shown = (inside >= FRAME_KEPT) & (inside <= FRAME - FRAME_SLOTS)
    ids, sizes["frame"] = _ids(masked)
    views["frame"] = np.where(shown, ids, np.int32(-1))
    return views, sizes


def runs(hashes: Hashes, n: int) -> Hashes:
    """The hash of every run of n words within a window: width 51 - n."""
    width = hashes.shape[1] - n + 1
    out = np.zeros((len(hashes), width), dtype=np.uint64)
    for i in range(n):
        out = (out + hashes[:, i : i + width]) * _BASE
        out ^= out >> np.uint64(29)
    return out


def _ids(hashes: Hashes) -> tuple[Ids, int]:
    found, ids = np.unique(hashes, return_inverse=True)
    return ids.reshape(hashes.shape).astype(np.int32), len(found)


def _function_words(ids: Ids, size: int) -> NDArray[np.bool_]:
    """True for the words of most windows; of equally frequent ones those with the smaller id.

    Windows are counted, not occurrences: what one document says all the time is its topic. Those of the source count
    too: chosen from its reference alone, function words would fit the reference better than any other text.
    """
    every = np.sort(ids, axis=1)
    first = np.concatenate([np.ones((len(every), 1), dtype=np.bool_), every[:, 1:] != every[:, :-1]], axis=1)
    counts = np.bincount(every[first], minlength=size)
    chosen = np.zeros(size, dtype=np.bool_)
    top = np.argsort(-counts, kind="stable")[:FUNCTION_WORDS]
    chosen[top[counts[top] > 0]] = True
    return chosen
