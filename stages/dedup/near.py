"""Near duplicates of one lot: its contents in order of priority, each judged against those kept before it.

A lot holds whole components of candidates, so that no judgement depends on another lot. Narrow columns are held for all
contents of the lot, some 600 bytes each; shingle sets lie end to end in one array, which the caller keeps in memory or
in a mapped file. Neither the order of shards nor the cut into lots moves a verdict.
"""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from numba import njit

from stages.dedup.candidates import buckets
from stages.dedup.params import VerifyParams
from stages.dedup.ranking import ranked
from stages.dedup.sets import unpacked
from stages.dedup.verify import Verdicts, judge
from stages.shingles import Hashes, Ints

Shards = Mapping[str, pl.DataFrame]
Space = Callable[[int], Hashes]


def judge_lot(narrow: Shards, wide: Shards, params: VerifyParams, space: Space) -> dict[str, pl.DataFrame]:
    """dedup/sets of one lot, by shard -> dedup/near and dedup/judged of the lot.

    `narrow` lacks the column shingles, `wide` has it; both have the same rows in the same order. `space(n)` gives an
    array of n values. dedup/near has a row per content of a component of verified pairs, under the name of its first
    document; `share` is what is held against the threshold, rounded down to 1e-4 after the comparison.
    """
    parts = [
        part.with_columns(shard=pl.lit(shard)).with_row_index("row") for shard, part in narrow.items() if len(part)
    ]
    if not parts:
        return {"dedup/near": pl.DataFrame(schema=_NEAR), "dedup/judged": audit({})}
    rows = ranked(pl.concat(parts), params.prefer).unique("content", keep="first", maintain_order=True)
    bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(rows["size"].to_numpy(), dtype=np.int64)])
    flat = space(int(bounds[-1]))
    fill(flat, bounds, rows.select("shard", "row"), wide)
    places = buckets(unpacked(rows["keys"], params.bands))
    names = rows["document"].rank("ordinal").to_numpy().astype(np.int64)
    found = judge(places, flat, bounds, names, rows["old"].to_numpy(), params.threshold, params.measure)
    return {"dedup/near": _near(rows, found), "dedup/judged": _audit(len(rows), found)}


def fill(flat: Hashes, bounds: Ints, rows: pl.DataFrame, wide: Shards) -> None:
    """Write the set of each of `rows` (shard, row) to its place in `flat`, a shard in memory at a time."""
    for (shard,), mine in rows.with_row_index("place").group_by("shard", maintain_order=True):
        shingles = wide[str(shard)]["shingles"]
        ends = np.cumsum(shingles.bin.size().to_numpy().astype(np.int64)) // 8
        own, place = (mine[name].to_numpy().astype(np.int64) for name in ("row", "place"))
        _scatter(unpacked(shingles), ends, own, place, bounds, flat)


@njit(cache=True)
def _scatter(values: Hashes, ends: Ints, rows: Ints, places: Ints, bounds: Ints, flat: Hashes) -> None:
    for row, place in zip(rows, places):
        size = bounds[place + 1] - bounds[place]
        flat[bounds[place] : bounds[place + 1]] = values[ends[row] - size : ends[row]]


_NEAR = {
    "document": pl.String,
    "shard": pl.String,
    "old": pl.Boolean,
    "component": pl.String,
    "twin": pl.String,
    "share": pl.Float64,
}


def _near(rows: pl.DataFrame, found: Verdicts) -> pl.DataFrame:
    names = rows["document"]
    exact = found.both * 10_000 // np.maximum(found.total, 1) / 10_000
    table = rows.select("document", "shard", "old").with_columns(
        component=names.gather(found.component),
        twin=names.gather(pl.Series(found.twin, dtype=pl.Int64).replace(-1, None)),
        share=pl.when(pl.Series(found.twin) >= 0).then(pl.Series(exact)),
    )
    return table.filter(pl.len().over("component") > 1).sort("document")


def _audit(texts: int, found: Verdicts) -> pl.DataFrame:
    return audit(
        {
            "candidate_texts": texts,
            "pairs_compared": found.compared,
            "pairs_verified": found.verified,
            "pairs_refuted": found.compared - found.verified,
            "places_refused": found.places_refused,
        }
    )


def audit(counts: Mapping[str, int]) -> pl.DataFrame:
    """Counts as a table."""
    return pl.DataFrame(list(counts.items()), schema={"metric": pl.String, "count": pl.Int64}, orient="row")
