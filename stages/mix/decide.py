"""Mix's decisions: which candidates enter the mixture. Knows sizes and rates, no text."""

from collections.abc import Mapping

import polars as pl

from stages import decisions
from stages.decisions import Rule
from stages.mix.params import DecideParams
from stages.mix.sampling import USABLE, copies, unit


def decide(
    tables: Mapping[str, pl.DataFrame], params: DecideParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """mix/sizes of a shard, mix/plan and mix/repeats -> mix/decisions, one row per row of mix/sizes.

    Reasons in this order: takedown, missing_text, missing_provenance (detail: the fields), repeated_document (detail:
    the shard that keeps it), emptied_by_edits, not_sampled (value: the document's unit; bound: its source's rate). Of
    rows of one doc_id in the shard that keeps it the first that may be sampled keeps it.
    """
    sizes = tables["mix/sizes"]
    once = pl.struct("doc_id", USABLE.alias("usable")).is_first_distinct()
    again = ~(once & (USABLE | USABLE.any().over("doc_id").not_()))
    table = sizes.join(tables["mix/repeats"], on="doc_id", how="left", maintain_order="left").with_columns(
        unit=pl.Series([unit(d, params.seed) for d in sizes["doc_id"]], dtype=pl.Float64),
        repeated=again | (pl.col("shard") != params.shard).fill_null(False),
    )
    rules = [
        Rule("takedown", pl.col("taken_down")),
        Rule("missing_text", pl.col("no_text")),
        Rule("missing_provenance", pl.col("missing").is_not_null(), detail=pl.col("missing")),
        Rule("repeated_document", pl.col("repeated"), detail=pl.col("shard")),
        Rule("emptied_by_edits", pl.col("emptied")),
        *_sampling(tables["mix/plan"]),
    ]
    return {"mix/decisions": decisions.decide(table, rules)}


def _sampling(plan: pl.DataFrame) -> list[Rule]:
    """One rule per source, since each has a bound of its own; a row fails at most one of them."""
    return [
        Rule("not_sampled", (pl.col("source") == s) & (copies(pl.col("unit"), pl.lit(r)) == 0), pl.col("unit"), r)
        for s, r in plan.select("source", "rate").iter_rows()
        if r < 1
    ]
