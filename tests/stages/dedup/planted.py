"""Planted pairs, one per family, whose similarity is known; and the similarities of all pairs, without MinHash."""

import hashlib

import numpy as np
import polars as pl
from numba import njit

from stages.dedup.clusters import cluster
from stages.dedup.params import DedupParams, SignatureParams
from stages.dedup.signatures import measure_signatures
from stages.shingles import intersection, shingle_sets

PARAMS = DedupParams(threshold=0.8, bands=20, rows=6, shingle=5, seed=1, scope="global", prefer=("earliest", "longest"))


def pair(family: int, words: int, similarity: float, scattered: bool) -> tuple[str, str]:
    """Two texts of about this Jaccard similarity: the copy's end is another, or single words of it are.

    No two families share a word. Of S = words - 4 shingles, x lost ones leave (S - x) / (S + x).
    """
    shingles = words - 4
    lost = round(shingles * (1 - similarity) / (1 + similarity))
    first = [f"f{family}w{i}" for i in range(words)]
    copy = list(first)
    if scattered:
        for k in range(lost // 5):
            copy[4 + k * (words // (lost // 5 + 1))] = f"f{family}x{k}"
        lost -= lost // 5 * 5
    copy[words - lost :] = [f"f{family}y{i}" for i in range(lost)]
    return " ".join(first), " ".join(copy)


def pairs(count: int, low: float, high: float, words: int = 160) -> list[tuple[str, str]]:
    """`count` pairs spread evenly over [low, high), by both ways of changing, of 0.75 to 1.25 times `words` words."""
    return [
        pair(i, words * 3 // 4 + i * 7919 % (words // 2), low + (high - low) * (i + 0.5) / count, i % 2 == 0)
        for i in range(count)
    ]


def run(texts: list[str], params: DedupParams = PARAMS, shards: int = 1) -> dict[str, pl.DataFrame]:
    """Cluster texts; the i-th has the doc_id `name(i)`, is older than all that follow, and lies in shard i % shards."""
    every = pl.DataFrame(
        {
            "doc_id": [name(i) for i in range(len(texts))],
            "text": texts,
            "date": [f"2024-01-01T00:00:00.{i:08d}Z" for i in range(len(texts))],
            "source": "crawl",
            "host": "example.org",
            "n_chars": [len(t) for t in texts],
        }
    )
    frames = {f"s{k}": every.gather_every(shards, k) for k in range(shards)}
    signed = SignatureParams(bands=params.bands, rows=params.rows, shingle=params.shingle, seed=params.seed)
    spans = {"doc_id": pl.String, "start": pl.Int64, "end": pl.Int64, "replacement": pl.String, "kind": pl.String}
    none = pl.DataFrame(schema=spans)
    tables = {
        "extract/documents": frames,
        "quality/edits": dict.fromkeys(frames, none),
        "quality/decisions": {s: f.select("doc_id", keep=pl.lit(True)) for s, f in frames.items()},
        "quality/scores": {s: f.select("doc_id", quality_score=pl.lit(0.5)) for s, f in frames.items()},
        "dedup/signatures": {
            s: measure_signatures({"extract/documents": f, "quality/edits": none}, signed, {})["dedup/signatures"]
            for s, f in frames.items()
        },
    }
    return cluster(tables, params, {})


def name(i: int) -> str:
    """The doc_id of the i-th text."""
    return hashlib.sha256(str(i).encode()).hexdigest()[:32]


def all_pairs(texts: list[str], least: float) -> dict[tuple[int, int], float]:
    """Every pair of texts whose exact Jaccard similarity is at least `least`, by comparing each with each."""
    sets = shingle_sets(pl.Series(texts), PARAMS.shingle)
    flat = np.concatenate(sets)
    bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(s) for s in sets])]).astype(np.int64)
    return {(int(i), int(j)): share for i, j, share in _all_pairs(flat, bounds, least)}


@njit(cache=True)
def _all_pairs(flat, bounds, least):
    found = []
    for i in range(len(bounds) - 1):
        a = flat[bounds[i] : bounds[i + 1]]
        for j in range(i + 1, len(bounds) - 1):
            b = flat[bounds[j] : bounds[j + 1]]
            if min(len(a), len(b)) < least * max(len(a), len(b)) or a[-1] < b[0] or b[-1] < a[0]:
                continue
            common = intersection(a, b)
            if common >= least * (len(a) + len(b) - common):
                found.append((i, j, common / (len(a) + len(b) - common)))
    return found


def sharing_pairs(texts: list[str], least: float) -> dict[tuple[int, int], float]:
    """The same from a list of who holds each shingle: pairs that share none have similarity 0 and need no look."""
    sets = shingle_sets(pl.Series(texts), PARAMS.shingle)
    sizes = [len(s) for s in sets]
    holders = pl.DataFrame({"shingle": np.concatenate(sets), "text": np.repeat(np.arange(len(sets)), sizes)})
    met = holders.join(holders, on="shingle").filter(pl.col("text") < pl.col("text_right"))
    common = met.group_by("text", "text_right", maintain_order=True).len()
    shares = {(i, j): n / (sizes[i] + sizes[j] - n) for i, j, n in common.iter_rows()}
    return {pair: share for pair, share in shares.items() if share >= least}
