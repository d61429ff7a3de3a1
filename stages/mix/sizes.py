"""Sizes: what each candidate of the mixture weighs once every edit is applied, and what speaks against it.

Measured for every survivor of toxicity and every synthetic row; deciding is another module's work.
"""

from collections.abc import Mapping

import polars as pl

from stages import edits
from stages.mix.params import SizeParams
from stages.mix.synthetic import PROVENANCE
from stages.takedowns import ids, taken
from stages.tokens import count_tokens

EDITS = ("quality/edits", "dedup/edits", "toxicity/edits")


def measure_crawl(
    tables: Mapping[str, pl.DataFrame], params: SizeParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """extract/documents, the three edits tables and toxicity/decisions of a shard -> mix/sizes, a row per survivor.

    Tokens are recounted where an edit changed the text. What a takedown covers stands in stages.takedowns.
    """
    kept = tables["toxicity/decisions"].filter("keep").select("doc_id")
    documents = tables["extract/documents"].join(kept, on="doc_id", how="semi", maintain_order="left")
    edited = final_text(documents.select("doc_id", "url", "host", "source", "text", "n_tokens"), tables)
    changed = edited["text"] != documents["text"]
    blank = edited["text"].str.strip_chars() == ""
    sized = _recount(edited, changed).select(
        "doc_id",
        "source",
        "n_tokens",
        origin=pl.lit("crawl"),
        taken_down=taken(edited, params.takedowns),
        no_text=pl.lit(False),
        missing=pl.lit(None, dtype=pl.String),
        emptied=changed & blank,
    )
    return {"mix/sizes": sized.select(_COLUMNS)}


def measure_synthetic(
    tables: Mapping[str, pl.DataFrame], params: SizeParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """mix/synthetic of a shard -> mix/sizes, a row per row. Only a doc_id can be taken down: there is no url."""
    absent = [pl.when(pl.col(name).is_null()).then(pl.lit(name)) for name in PROVENANCE]
    missing = pl.concat_str(absent, separator=", ", ignore_nulls=True)
    sized = tables["mix/synthetic"].select(
        "doc_id",
        "source",
        "n_tokens",
        origin=pl.lit("synthetic"),
        taken_down=pl.col("doc_id").is_in(ids(params.takedowns)),
        no_text=pl.col("text").is_null(),
        missing=pl.when(missing != "").then(missing),
        emptied=pl.lit(False),
    )
    return {"mix/sizes": sized.select(_COLUMNS)}


_COLUMNS = ("doc_id", "source", "origin", "n_tokens", "taken_down", "no_text", "missing", "emptied")


def final_text(documents: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """`documents` with the edits of quality, dedup and toxicity applied to their text, all at once."""
    spans = [tables[name].join(documents, on="doc_id", how="semi") for name in EDITS]
    return edits.apply_table(documents, *spans)


def _recount(documents: pl.DataFrame, changed: pl.Series) -> pl.DataFrame:
    rows = documents.with_row_index("row")
    new = rows.filter(changed).select("row", "text")
    counted = new.select("row", recounted=pl.Series(count_tokens(new["text"].to_list()), dtype=pl.Int64))
    joined = rows.join(counted, on="row", how="left", maintain_order="left")
    return joined.with_columns(n_tokens=pl.coalesce("recounted", "n_tokens"))
