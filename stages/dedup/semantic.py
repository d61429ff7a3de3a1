"""Semantic near-duplicates: texts that say the same in other words, by the cosine of their vectors.

A vector is the mean of a text's word vectors, each weighed by how rare its word is (Arora et al. 2017, section 3),
scaled to length 1; what all texts have in common is taken out of it (Mu and Viswanath 2018). Vectors are grouped by
spherical k-means (Dhillon and Modha 2001) and compared within a group alone, after Abbas et al. (2023, SemDeDup). Sums
run in a fixed order, in kernels without reassociation: same input, same bits. Knows vectors and priorities; where a
corpus lies and who trains on it, it does not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from stages.dedup.ranking import ranked
from stages.shingles import Hashes, Ints, flat_words

Matrix = NDArray[np.float32]
RARE = 1e-3  # a of Arora et al.: a word of this share weighs half as much as a rare one
COMMON = 8  # of so many directions, one is taken out; n vectors vary in n - 1 of them at most
ROUNDS = 12  # of k-means; on the made corpora fewer than one vector in a hundred moves after ten


class Encoder(Protocol):
    """Gives every text a vector of length 1, or of zeros where it knows nothing of it (texts x dimensions)."""

    def __call__(self, texts: pl.Series) -> Matrix:
        """Encode texts."""


@dataclass(frozen=True)
class WordVectors:
    """The default encoder. `words` are hashes, sorted; `vectors` are weighed already."""

    words: Hashes
    vectors: Matrix

    def __call__(self, texts: pl.Series) -> Matrix:
        """Add up the vectors of known words, and scale."""
        hashes, bounds = flat_words(texts)
        place = np.minimum(np.searchsorted(self.words, hashes), max(len(self.words) - 1, 0))
        known = self.words[place] == hashes if len(self.words) else np.zeros(len(hashes), dtype=np.bool_)
        out = np.zeros((len(texts), self.vectors.shape[1]), dtype=np.float32)
        _sums(np.where(known, place, -1), bounds, self.vectors, out)
        return scaled(out)


def word_vectors(names: list[str], vectors: Matrix, counts: Ints) -> WordVectors:
    """An encoder from words, their vectors and how often each occurs."""
    hashes, bounds = flat_words(pl.Series(names, dtype=pl.String))
    single = np.diff(bounds) == 1  # what is no word here, such as a mark for the end of a line, is left out
    first = bounds[:-1][single]
    weight = RARE / (RARE + counts[single] / max(int(counts.sum()), 1))
    words, order = np.unique(hashes[first], return_index=True)
    return WordVectors(words, (vectors[single] * weight[:, None]).astype(np.float32)[order])


def scaled(vectors: Matrix) -> Matrix:
    """Vectors of length 1; zeros stay."""
    length = np.sqrt(np.cumsum(vectors.astype(np.float64) ** 2, axis=1)[:, -1:])  # a cumulative sum has one order
    return np.where(length > 0, vectors / np.where(length > 0, length, 1), 0).astype(np.float32)


def common(vectors: Matrix) -> Matrix:
    """What vectors have in common: their mean, then the directions in which most of them vary, one in eight of all.

    Of fewer vectors than dimensions, one in eight of the directions in which they can vary: to take out all of them
    would leave rounding errors, which `scaled` would make vectors of.
    """
    mean = np.cumsum(vectors, axis=0, dtype=np.float64)[-1] / len(vectors)
    rest = vectors - mean
    _, found = np.linalg.eigh(np.einsum("ij,ik->jk", rest, rest))  # einsum adds in one order, whatever the threads
    taken = min(vectors.shape[1], len(vectors) - 1) // COMMON
    return np.vstack([mean, found[:, : -1 - taken : -1].T]).astype(np.float32)


def without(vectors: Matrix, shared: Matrix) -> Matrix:
    """Vectors of length 1 without what `common` found."""
    rest = vectors - shared[0]
    along = np.einsum("ij,kj->ik", rest, shared[1:])
    return scaled(rest - np.einsum("ik,kj->ij", along, shared[1:]))


def centres(vectors: Matrix, count: int) -> Matrix:
    """`count` centres of spherical k-means over vectors, of which the first ones are where it starts."""
    found = vectors[:count].copy()
    for _ in range(ROUNDS):
        cell = nearest(vectors, found)
        sums = np.zeros_like(found)
        _sums_by(cell, vectors, sums)
        empty = np.bincount(cell, minlength=len(found)) == 0
        found = np.where(empty[:, None], found, scaled(sums))
    return found


def nearest(vectors: Matrix, centres: Matrix) -> Ints:
    """The number of the centre with the largest cosine, the first of equals."""
    out = np.zeros(len(vectors), dtype=np.int64)
    _nearest(vectors, np.ascontiguousarray(centres.T), out)
    return out


def judge_cells(rows: pl.DataFrame, threshold: float, prefer: tuple[str, ...]) -> pl.DataFrame:
    """dedup/cells of some cells, with shard -> dedup/semantic: who resembles a document that stays, and whom most.

    In order of priority, each is compared with those of its cell and scope that stay; at `threshold` and more it would
    leave. Documents that stand for near copies (`old`) stay and are compared with nobody, so that each removed document
    has a kept twin. Cosines are rounded to 1e-4 before they are held against the threshold.
    """
    found = []
    for _, own in ranked(rows, prefer).group_by("cell", "scope", maintain_order=True):
        matrix = unpacked(own["vector"])
        twin, share = np.full(len(own), -1, dtype=np.int64), np.zeros(len(own), dtype=np.float64)
        _judge(matrix, own["old"].to_numpy(), threshold, twin, share)
        table = own.select("shard", "cell", doc_id="document").with_columns(
            related_doc_id=own["document"].gather(pl.Series(twin).replace(-1, None)), similarity=pl.Series(share)
        )
        found.append(table.filter(pl.col("related_doc_id").is_not_null()))
    return pl.concat([pl.DataFrame(schema=_SEMANTIC), *found]).sort("shard", "doc_id")


def packed(vectors: Matrix) -> pl.Series:
    """Vectors as bytes, little-endian 32-bit floats."""
    return pl.Series([row.astype("<f4").tobytes() for row in vectors], dtype=pl.Binary)


def unpacked(column: pl.Series) -> Matrix:
    """The vectors of `packed`."""
    flat = np.frombuffer(b"".join(column.to_list()), dtype="<f4").astype(np.float32)
    return flat.reshape(len(column), -1) if len(column) else flat.reshape(0, 1)


def cells(tables: Mapping[str, pl.DataFrame], scope: pl.Series) -> pl.DataFrame:
    """A shard's vectors, members, clusters (own rows) and centres -> dedup/cells, sorted by cell.

    A row per document that is no copy and has a vector, none where there are no centres; `scope` is that of each row of
    dedup/vectors.
    """
    vectors = tables["dedup/vectors"].with_columns(scope=scope)
    clusters = tables["dedup/clusters"].select(document="doc_id", kind="kind", old=pl.col("kind").is_null())
    rows = tables["dedup/members"].drop("old").join(vectors, left_on="document", right_on="doc_id", how="inner")
    rows = rows.join(clusters, on="document", how="left", maintain_order="left")
    rows = rows.filter(pl.col("kind").is_null(), pl.col("vector").bin.size() > 0)
    found = tables["dedup/centres"]
    rows = rows.clear() if found.is_empty() else rows
    shared, middle = (unpacked(found.filter(side)["vector"]) for side in (pl.col("cell") < 0, pl.col("cell") >= 0))
    own = without(unpacked(rows["vector"]), shared) if len(rows) else unpacked(rows["vector"])
    table = rows.with_columns(
        cell=pl.Series(nearest(own, middle)), vector=packed(own), old=pl.col("old").fill_null(False)
    )
    return table.sort("cell", "document")


_SEMANTIC = {
    "shard": pl.String,
    "cell": pl.Int64,
    "doc_id": pl.String,
    "related_doc_id": pl.String,
    "similarity": pl.Float64,
}


@njit(cache=True)
def _sums(places: Ints, bounds: Ints, vectors: Matrix, out: Matrix) -> None:
    for i in range(len(bounds) - 1):
        for place in places[bounds[i] : bounds[i + 1]]:
            if place >= 0:
                for d in range(out.shape[1]):
                    out[i, d] += vectors[place, d]


@njit(cache=True)
def _sums_by(cell: Ints, vectors: Matrix, out: Matrix) -> None:
    for i in range(len(cell)):
        for d in range(out.shape[1]):
            out[cell[i], d] += vectors[i, d]


@njit(cache=True)
def _nearest(vectors: Matrix, turned: Matrix, out: Ints) -> None:
    """`turned` is dimensions x centres: the inner loop then adds to many sums at once, each in its own order."""
    sums = np.empty(turned.shape[1], dtype=np.float32)
    for i in range(len(vectors)):
        sums[:] = 0
        for d in range(turned.shape[0]):
            value = vectors[i, d]
            for c in range(len(sums)):
                sums[c] += value * turned[d, c]
        out[i] = np.argmax(sums)


@njit(cache=True)
def _judge(vectors: Matrix, old: NDArray[np.bool_], threshold: float, twin: Ints, share: NDArray[np.float64]) -> None:
    turned, kept, count = np.empty((vectors.shape[1], len(vectors)), dtype=np.float32), np.empty_like(twin), 0
    sums = np.empty(len(vectors), dtype=np.float32)
    for i in range(len(vectors)):
        if not old[i] and count:
            sums[:count] = 0
            for d in range(len(turned)):
                value = vectors[i, d]
                for c in range(count):
                    sums[c] += value * turned[d, c]
            best = np.argmax(sums[:count])
            cosine = np.floor(min(float(sums[best]), 1.0) * 10_000 + 0.5) / 10_000
            if cosine >= threshold:
                twin[i], share[i] = kept[best], cosine
                continue
        turned[:, count] = vectors[i]
        kept[count] = i
        count += 1
