"""Signatures: what two documents are compared by. MinHash values, a digest of the normalised text, a count.

MinHash after Broder (1997): the share of equal values of two signatures estimates the Jaccard similarity of their
shingle sets. Every shingle is hashed once; its two 32-bit halves x and y give value i as x * a_i + y modulo 2^32 with
odd multipliers a_i drawn from the seed (a linear permutation over a value that is already uniform). Two different sets
of n shingles share a minimum by chance with a probability of about n / 2^32: at 10^5 shingles the estimate is high by
.00002. This module does not know who survived quality: a signature is measured for every document.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from stages import edits
from stages.dedup.params import SignatureParams
from stages.shingles import Hashes, Ints, Normalised, mix64, normalise, shingles

Values = NDArray[np.uint32]


def measure_signatures(
    tables: Mapping[str, pl.DataFrame], params: SignatureParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """extract/documents and quality/edits -> dedup/signatures, one row per document, in its order.

    `exact` is the 128-bit BLAKE2b of the normalised text (of the text as it is, if it has no word; of the doc_id, if
    edits left nothing of it), `n_shingles` the number of distinct shingles, `minhash` bands x rows little-endian uint32
    (empty where there is no shingle).
    """
    documents = edits.apply_table(tables["extract/documents"].select("doc_id", "text"), tables["quality/edits"])
    texts = documents["text"]
    minhash: list[bytes] = []
    counts: list[Ints] = []
    digests: list[bytes] = []
    for batch in normalise(texts):
        values, sizes = sign(batch, params)
        minhash += [v.tobytes() if size else b"" for v, size in zip(values, sizes)]
        counts.append(sizes)
        digests += _digests(batch, texts[len(digests) : len(digests) + len(sizes)])
    # Nothing is no copy of nothing: mix says why they leave.
    for row in _emptied(documents, tables["quality/edits"]):
        digests[row] = _digest(documents["doc_id"][row].encode(), b"emptied")
    table = {
        "doc_id": documents["doc_id"],
        "exact": pl.Series(digests, dtype=pl.Binary),
        "n_shingles": pl.Series(np.concatenate([np.empty(0, dtype=np.int64), *counts])),
        "minhash": pl.Series(minhash, dtype=pl.Binary),
    }
    return {"dedup/signatures": pl.DataFrame(table)}


def _emptied(documents: pl.DataFrame, spans: pl.DataFrame) -> list[int]:
    """The rows of edited documents that are blank."""
    blank = (documents["text"].str.strip_chars() == "").fill_null(False)
    edited = documents["doc_id"].is_in(spans["doc_id"].unique().implode())
    return (blank & edited).arg_true().to_list()


def sign(batch: Normalised, params: SignatureParams) -> tuple[Values, Ints]:
    """The MinHash values (documents x bands * rows, uint32) and the number of distinct shingles of each document."""
    multipliers, salt = _permutations(params.bands * params.rows, params.seed)
    hashes, bounds = shingles(batch, params.shingle, short=True)
    values = np.full((len(bounds) - 1, len(multipliers)), 0xFFFFFFFF, dtype=np.uint32)
    counts = np.zeros(len(bounds) - 1, dtype=np.int64)
    _sign(hashes, bounds, multipliers, salt, values, counts)
    return values, counts


def _digests(batch: Normalised, texts: pl.Series) -> list[bytes]:
    data, bounds = batch.data.data, batch.bounds.tolist()
    return [
        _digest(data[start:end], b"words") if start < end else _digest((texts[i] or "").encode(), b"text")
        for i, (start, end) in enumerate(pairwise(bounds))
    ]


def _digest(data: bytes | memoryview, kind: bytes) -> bytes:
    """`kind` keeps a text without words apart from any normalised text."""
    return hashlib.blake2b(data, digest_size=16, person=kind).digest()


@cache
def _permutations(count: int, seed: int) -> tuple[Values, np.uint64]:
    """`count` odd multipliers and a salt, from SHAKE-256 of the seed."""
    stream = hashlib.shake_256(b"minhash" + seed.to_bytes(8, "little")).digest(4 * count + 8)
    return np.frombuffer(stream, dtype="<u4", offset=8).astype(np.uint32) | np.uint32(1), np.uint64(
        int.from_bytes(stream[:8], "little")
    )


@njit(cache=True)
def _sign(hashes: Hashes, bounds: Ints, multipliers: Values, salt: np.uint64, values: Values, counts: Ints) -> None:
    for d in range(len(bounds) - 1):
        found = hashes[bounds[d] : bounds[d + 1]]
        counts[d] = _distinct(found)
        _minima(found[: counts[d]], multipliers, salt, values[d])


@njit(cache=True)
def _distinct(found: Hashes) -> int:
    """Move the distinct values of `found` to its front, in order of appearance, and count them (open addressing)."""
    size = 16
    while size < 2 * len(found):
        size *= 2
    seen, mask, count = np.zeros(size, dtype=np.uint64), np.uint64(size - 1), 0
    for i in range(len(found)):
        key = found[i] if found[i] != 0 else np.uint64(1)  # 0 marks an empty slot
        slot = key & mask
        while seen[slot] != 0 and seen[slot] != key:
            slot = (slot + np.uint64(1)) & mask
        if seen[slot] == 0:
            seen[slot] = key
            found[count] = key
            count += 1
    return count


@njit(cache=True)
def _minima(found: Hashes, multipliers: Values, salt: np.uint64, out: Values) -> None:
    for h in found:
        mixed = mix64(h ^ salt)
        x, y = np.uint32(mixed), np.uint32(mixed >> np.uint64(32))
        for i in range(len(multipliers)):
            out[i] = min(out[i], np.uint32(x * multipliers[i] + y))
