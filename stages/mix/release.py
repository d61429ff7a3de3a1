"""The release: kept documents with every edit applied, dealt into shards by hash and sorted. Decides nothing.

A release shard takes rows from every input shard. `assemble` reads the narrow tables first and then, of the text, one
input shard at a time; nothing is written but the release shard, so text is written once here and read once per release
shard. `deal` and `gather` are its two halves, for a run that would rather store what is dealt.
"""

from collections.abc import Iterator, Mapping

import polars as pl

from stages.mix.params import ReleaseParams
from stages.mix.sampling import copies, release_shard, unit
from stages.mix.sizes import EDITS, final_text
from stages.mix.synthetic import PROVENANCE

Shards = Mapping[str, pl.DataFrame]


def assemble(tables: Mapping[str, Shards], params: ReleaseParams, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """All tables by shard -> mix/documents of release shard `params.release`, sorted by (doc_id, copy).

    Reads mix/decisions, mix/sizes and mix/plan, dedup/clusters, extract/documents and extract/provenance with the three
    edits tables for shards of the crawl, mix/synthetic for the others.
    """
    return gather({"mix/dealt": dict(_dealt(tables, params))}, params, models)


def gather(tables: Mapping[str, Shards], params: ReleaseParams, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """mix/dealt by input shard -> mix/documents of one release shard, sorted by (doc_id, copy)."""
    mine = [t.filter(release=params.release).drop("release") for t in tables["mix/dealt"].values()]
    frame = pl.concat(mine) if mine else pl.DataFrame(schema={k: v for k, v in _DEALT.items() if k != "release"})
    return {"mix/documents": frame.sort("doc_id", "copy")}


def deal(
    tables: Mapping[str, pl.DataFrame], params: ReleaseParams, models: Mapping[str, str], *, every: bool = True
) -> dict[str, pl.DataFrame]:
    """The tables of one input shard (and mix/plan, dedup/clusters) -> mix/dealt: its rows with their release shard.

    `every`: for all release shards; else only the rows of `params.release`, and no other row's text is touched.
    """
    seats = _seats(tables, params)
    chosen = seats if every else seats.filter(release=params.release)
    rows = _synthetic(tables, chosen) if "mix/synthetic" in tables else _crawl(tables, chosen)
    return {"mix/dealt": rows.select(*_DEALT)}


_FIELDS = {name: pl.Int64 if name == "generation_depth" else pl.String for name in PROVENANCE}
STATED = {"licence": pl.String, "canonical": pl.String, "wishes": pl.String, "hidden_share": pl.Float64}  # by a page
_BOTH = _FIELDS | STATED
_NARROW = {"url": pl.String, "host": pl.String, "title": pl.String, "language": pl.String, "date": pl.String}
_DEALT: dict[str, pl.DataType | type[pl.DataType]] = {
    "doc_id": pl.String,
    "copy": pl.Int64,
    "url": pl.String,
    "host": pl.String,
    "source": pl.String,
    "text": pl.String,
    "title": pl.String,
    "language": pl.String,
    "date": pl.String,
    "n_tokens": pl.Int64,
    "cluster_size": pl.Int64,
    "provenance": pl.Struct({"origin": pl.String, **_BOTH}),
    "release": pl.Int64,
}


def _dealt(tables: Mapping[str, Shards], params: ReleaseParams) -> Iterator[tuple[str, pl.DataFrame]]:
    shared = {name: pl.concat(list(tables[name].values())) for name in ("mix/plan", "dedup/clusters")}
    for shard in tables["mix/decisions"]:
        crawled = shard in tables["extract/documents"]
        texts = ("extract/documents", "extract/provenance", *EDITS) if crawled else ("mix/synthetic",)
        own = {name: tables[name][shard] for name in ("mix/decisions", "mix/sizes", *texts)}
        yield shard, deal({**shared, **own}, params, {}, every=False)["mix/dealt"]


def _seats(tables: Mapping[str, pl.DataFrame], params: ReleaseParams) -> pl.DataFrame:
    """(doc_id, n_tokens, cluster_size, copy, release): a row per copy of every kept document.

    A doc_id that is repeated in the shard has one kept row.
    """
    kept = tables["mix/sizes"].filter(tables["mix/decisions"]["keep"])
    found = kept.join(tables["mix/plan"].select("source", "rate"), on="source", how="left", maintain_order="left")
    units = pl.Series("unit", [unit(d, params.seed) for d in found["doc_id"]], dtype=pl.Float64)
    count = found.with_columns(units).select(n=copies(pl.col("unit"), pl.col("rate")))["n"]
    rows = found.select("doc_id", "n_tokens", copy=pl.int_ranges(count)).explode("copy", empty_as_null=False)
    release = [release_shard(d, c, params.shards) for d, c in rows.select("doc_id", "copy").iter_rows()]
    sizes = tables["dedup/clusters"].select("doc_id", "cluster_size")
    clustered = rows.join(sizes, on="doc_id", how="left", maintain_order="left")
    return clustered.with_columns(pl.col("cluster_size").fill_null(1), release=pl.Series(release, dtype=pl.Int64))


def _crawl(tables: Mapping[str, pl.DataFrame], seats: pl.DataFrame) -> pl.DataFrame:
    columns = ("doc_id", "url", "host", "source", "text", "title", "language", "date")
    documents = tables["extract/documents"].select(columns).join(seats, on="doc_id", how="semi", maintain_order="left")
    stated = tables["extract/provenance"].select("doc_id", *STATED).unique("doc_id", keep="first", maintain_order=True)
    edited = final_text(documents, tables).join(stated, on="doc_id", how="left", maintain_order="left")
    fields = [pl.col(n) if n in STATED else pl.lit(None, dtype=dtype).alias(n) for n, dtype in _BOTH.items()]
    said = pl.struct(pl.lit("crawl").alias("origin"), *fields)
    rows = edited.with_columns(provenance=said).drop(*STATED)
    return rows.join(seats, on="doc_id", maintain_order="left")


def _synthetic(tables: Mapping[str, pl.DataFrame], seats: pl.DataFrame) -> pl.DataFrame:
    unsaid = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in _BOTH.items() if name not in _FIELDS]
    kept = tables["mix/synthetic"].filter(tables["mix/decisions"]["keep"])
    rows = kept.drop("n_tokens").with_columns(
        *[pl.lit(None, dtype=dtype).alias(name) for name, dtype in _NARROW.items()],
        provenance=pl.struct(pl.lit("synthetic").alias("origin"), *_FIELDS, *unsaid),
    )
    return rows.join(seats, on="doc_id", maintain_order="left")
