"""Dispositions: where each record's and each synthetic row's way ended, one row each. Decides nothing.

Joins what the stages decided. It does not know why they decided so, or where their tables lie.
"""

from collections.abc import Mapping

import polars as pl

from stages.mix.sampling import copies, unit
from stages.strict import Strict
from stages.urls import host

LATER = ("quality", "dedup", "toxicity", "mix")
Tables = Mapping[str, pl.DataFrame]


class Origin(Strict):
    """The source of a shard of the crawl, and `mix.seed`, by which copies are drawn."""

    source: str
    seed: int


class Broken(ValueError):
    """The tables contradict each other: a row has no end, or they list different rows."""


def of_crawl(tables: Tables, params: Origin) -> pl.DataFrame:
    """Every stage's decisions about a shard of the crawl -> reports/dispositions, a row per row of extract/decisions.

    Reads the decisions of all five stages, extract/documents, extract/look, mix/sizes and mix/plan. `n_tokens` is what
    the ledger of the stage named in the row counts: of extract's text, from mix on of the text after all edits; null
    where there is no text. `related_doc_id` is the kept twin. Raises Broken where a document's way has no end.
    """
    rows = tables["extract/decisions"].with_columns(stage=pl.lit("extract"))
    texts = tables["extract/documents"].select("doc_id", text_language="language", tokens="n_tokens")
    sizes = tables["mix/sizes"].select("doc_id", size="n_tokens")
    looked = tables["extract/look"].select("doc_id", look_language="language").unique("doc_id", keep="first")
    joined = rows
    for facts in (_ends(tables), texts, sizes, _copies(tables, params.seed), looked):
        joined = joined.join(facts, on="doc_id", how="left", maintain_order="left", validate="m:1")
    went_on = pl.col("keep")
    every = joined.with_columns(
        source=pl.lit(params.source),
        host=pl.Series([host(url) for url in joined["url"]], dtype=pl.String),
        released=went_on & pl.col("passed"),
        language=pl.when(went_on).then("text_language").otherwise("look_language"),
        n_tokens=pl.when(went_on).then(pl.coalesce("size", "tokens")),
        **{
            name: pl.when(went_on).then(f"end_{name}").otherwise(name) for name in ("stage", "reason", "related_doc_id")
        },
    )
    return _shown(every)


def _ends(tables: Tables) -> pl.DataFrame:
    """(doc_id, passed, end_stage, end_reason, end_related_doc_id): the last decision about each document."""
    given, verdicts = tables["extract/decisions"].filter("keep"), []
    for stage in LATER:
        decided = tables[f"{stage}/decisions"]
        if not given["doc_id"].sort().equals(decided["doc_id"].sort()):
            raise Broken(f"{stage} decided about {decided.height} documents and was given {given.height}, not the same")
        ends = {
            "end_stage": pl.lit(stage),
            "end_reason": pl.col("reason"),
            "end_related_doc_id": pl.col("related_doc_id"),
        }
        verdicts.append(decided.select("doc_id", passed="keep", **ends))
        given = decided.filter("keep")
    return pl.concat(verdicts).unique("doc_id", keep="last", maintain_order=True)


def _copies(tables: Tables, seed: int) -> pl.DataFrame:
    """(doc_id, drawn): how often each row of mix/sizes would be taken."""
    sizes = tables["mix/sizes"].select("doc_id", "source")
    rates = sizes.join(tables["mix/plan"].select("source", "rate"), on="source", how="left", maintain_order="left")
    units = pl.Series("unit", [unit(d, seed) for d in rates["doc_id"]], dtype=pl.Float64)
    return rates.with_columns(units).select("doc_id", drawn=copies(pl.col("unit"), pl.col("rate")))


def of_synthetic(tables: Tables, params: Origin) -> pl.DataFrame:
    """mix/synthetic, mix/sizes, mix/decisions and mix/plan of a synthetic shard -> a row per row of mix/synthetic.

    Rows are matched by their place, since a doc_id may stand there twice. Raises Broken where the tables list
    different rows.
    """
    decisions = tables["mix/decisions"].select("doc_id", "reason", "related_doc_id", released="keep")
    rows, sizes = tables["mix/synthetic"], tables["mix/sizes"]
    if not rows["doc_id"].equals(decisions["doc_id"]) or not rows["doc_id"].equals(sizes["doc_id"]):
        raise Broken("mix/synthetic, mix/sizes and mix/decisions list different rows")
    again = pl.col("doc_id").is_duplicated() & ~pl.col("released")  # counted where it is kept
    every = decisions.with_columns(
        sizes["source"],
        _copies(tables, params.seed)["drawn"],
        n_tokens=pl.when(~again).then(sizes["n_tokens"]),
        stage=pl.lit(LATER[-1]),
        record_type=pl.lit("synthetic"),
        **{name: pl.lit(None, dtype=pl.String) for name in ("url", "host", "language", "warc_file")},
        warc_offset=pl.lit(None, dtype=pl.Int64),
    )
    return _shown(every)


def _shown(every: pl.DataFrame) -> pl.DataFrame:
    released = pl.col("released").fill_null(False)
    return every.with_columns(released=released).select(
        "doc_id",
        "url",
        "host",
        "source",
        "record_type",
        "stage",
        "reason",
        "released",
        pl.when("released").then("drawn").otherwise(0).cast(pl.Int64).alias("copies"),
        "language",
        "n_tokens",
        "related_doc_id",
        "warc_file",
        "warc_offset",
    )
