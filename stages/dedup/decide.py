"""Dedup's decisions about the documents of one shard that quality kept. Knows clusters, no text and no signature."""

from collections import Counter
from collections.abc import Mapping

import polars as pl

from stages import decisions
from stages.census import Count
from stages.decisions import Rule
from stages.dedup.params import DedupParams, VerifyParams


def decide(
    tables: Mapping[str, pl.DataFrame], params: DedupParams | VerifyParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """quality/decisions of a shard and the whole of dedup/clusters -> dedup/decisions, a row per kept document.

    Reasons: exact_duplicate, near_duplicate, and the same after released_ where the twin is of an earlier release.
    `value` is the similarity with the kept twin that related_doc_id names, `bound` the threshold.
    """
    kept = tables["quality/decisions"].filter("keep").select("doc_id")
    clusters = tables["dedup/clusters"].select("doc_id", "kind", "related_doc_id", "similarity")
    table = kept.join(clusters, on="doc_id", how="left", maintain_order="left")
    value, twin = pl.col("similarity"), pl.col("related_doc_id")
    rules = [
        Rule(f"{k}_duplicate", pl.col("kind") == k, value, params.threshold, twin)
        for k in ("exact", "near", "released_exact", "released_near")
    ]
    return {"dedup/decisions": decisions.decide(table, rules)}


def losses(table: pl.DataFrame, facts: pl.DataFrame) -> list[Count]:
    """Counts of dedup/decisions by origin: `source` (`<name>|in`), and `near` (`source <name>`, `host <name>`).

    `facts` gives source and host per doc_id. `near` counts near duplicates, and names only who lost one.
    """
    rows = table.select("doc_id", "reason").join(facts.select("doc_id", "source", "host"), on="doc_id", how="left")
    near = rows.filter(pl.col("reason").str.ends_with("near_duplicate"))
    counts = [("source", f"{name}|in", n) for name, n in _tally(rows["source"])]
    return counts + [("near", f"{kind} {name}", n) for kind in ("source", "host") for name, n in _tally(near[kind])]


def _tally(names: pl.Series) -> list[tuple[str, int]]:
    return sorted(Counter(names.fill_null("und").to_list()).items())


def write_edits(
    tables: Mapping[str, pl.DataFrame], params: DedupParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """Any table of a shard -> dedup/edits, without a row: whole documents are removed, by decisions, and no spans."""
    return {"dedup/edits": pl.DataFrame(schema=_EDITS)}


_EDITS = {"doc_id": pl.String, "start": pl.Int64, "end": pl.Int64, "replacement": pl.String, "kind": pl.String}
