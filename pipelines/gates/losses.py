"""Losses: what share of each source and host dedup removed as near duplicates, from the census.

A source that nearly vanishes is a sign of a shared frame that was taken for content. Hosts are those of the census'
hash sample. Judges nothing.
"""

import polars as pl

from pipelines import outputs
from pipelines.store import Store
from stages import census

METRICS = ("near", "source", "host")
FEW = 50  # documents: of fewer, most may well be copies of each other


def look(store: Store) -> pl.DataFrame:
    """A row per source and host with enough documents: name (`source x`, `host y`), documents, near, near_share."""
    counts = census.add(outputs.shard_census(store, "dedup", METRICS).values())
    near = census.pick(counts, "near")
    rows = []
    for kind in ("source", "host"):
        for key, documents in census.pick(counts, kind).items():
            name, _, side = key.rpartition("|")
            if side == "in" and documents >= FEW:
                lost = near.get(f"{kind} {name}", 0)
                rows.append((f"{kind} {name}", documents, lost, round(lost / documents, 6)))
    types = {"name": pl.String, "documents": pl.Int64, "near": pl.Int64, "near_share": pl.Float64}
    return pl.DataFrame(rows, schema=types, orient="row")
