"""Dedup's decisions about the documents of one shard that quality kept. Knows clusters, no text and no signature."""

from collections import Counter
from collections.abc import Mapping

import polars as pl

from stages import decisions
from stages.census import Count
from stages.decisions import Rule
from stages.dedup.params import DecideParams


def decide(
    tables: Mapping[str, pl.DataFrame], params: DecideParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """quality/decisions of a shard, dedup/clusters and, if they leave, dedup/semantic -> dedup/decisions.

    A row per document that quality kept. Reasons: exact_duplicate, near_duplicate, the same after released_ where the
    twin is of an earlier release, and semantic_duplicate.
    `value` is the similarity with the kept twin that related_doc_id names, `bound` the threshold.
    """
    kept = tables["quality/decisions"].filter("keep").select("doc_id")
    parts = [tables["dedup/clusters"].filter(pl.col("kind").is_not_null()).select(_FATE)]
    if params.semantic is not None:
        parts.append(tables["dedup/semantic"].with_columns(kind=pl.lit("semantic")).select(_FATE))
    members = pl.concat(parts).join(kept, on="doc_id", how="semi")
    value, twin = pl.col("similarity"), pl.col("related_doc_id")
    rules = [
        Rule(f"{kind}_duplicate", pl.col("kind") == kind, value, bound, twin)
        for kind, bound in (*((kind, params.threshold) for kind in _KINDS), ("semantic", params.semantic))
    ]
    fates = decisions.decide(members, rules)  # of members alone: they are few
    table = kept.join(fates, on="doc_id", how="left", maintain_order="left")
    nothing = pl.lit([], dtype=pl.List(pl.String))
    return {"dedup/decisions": table.with_columns(pl.col("keep").fill_null(True), pl.col("also").fill_null(nothing))}


_KINDS = ("exact", "near", "released_exact", "released_near")
_FATE = ("doc_id", "kind", "related_doc_id", "similarity")


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


def write_edits(tables: Mapping[str, pl.DataFrame], params: None, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Any table of a shard -> dedup/edits, without a row: whole documents are removed, by decisions, and no spans."""
    return {"dedup/edits": pl.DataFrame(schema=_EDITS)}


_EDITS = {"doc_id": pl.String, "start": pl.Int64, "end": pl.Int64, "replacement": pl.String, "kind": pl.String}
