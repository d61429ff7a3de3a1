"""What the collapse checks count in a release shard: tokens by provenance, and n-grams of synthetic text.

Counts of n-grams are exact for a sample of n-grams: those whose hash ends in `bits` zero bits (distinct sampling after
Gibbons, 2001). A shard keeps the smallest `bits` with which a source's table stays below MAX_NGRAMS rows; tables of
shards are brought to the largest `bits` among them and added. The merged sample is the same however rows were dealt.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from stages.mix.params import Collapse
from stages.shingles import Hashes, ngrams

MAX_NGRAMS = 1 << 18  # rows per source: 8 MB; a share of .2 then has a standard error below .001
PAID_COPIES = 4  # copies beyond the fourth teach little (Muennighoff et al. 2023, section 5)


def count(tables: Mapping[str, pl.DataFrame], params: Collapse, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """mix/documents of a release shard -> mix/shares and mix/ngrams."""
    documents = tables["mix/documents"]
    first = documents.filter((pl.col("copy") == 0) & (pl.col("provenance").struct.field("origin") == "synthetic"))
    return {"mix/shares": _shares(documents), "mix/ngrams": _ngrams(first, params.duplicate_ngram)}


def _shares(documents: pl.DataFrame) -> pl.DataFrame:
    fields = pl.col("provenance").struct
    keys = ["source", *(fields.field(name) for name in ("origin", "generator", "generation_depth"))]
    first, paid = pl.col("copy") == 0, pl.col("copy") < PAID_COPIES
    return (
        documents.group_by(keys, maintain_order=True)
        .agg(
            documents=first.sum().cast(pl.Int64),
            tokens=pl.col("n_tokens").sum(),
            unique_tokens=pl.col("n_tokens").filter(first).sum(),
            paid_tokens=pl.col("n_tokens").filter(paid).sum(),
        )
        .sort("source", "origin", "generator", "generation_depth")
    )


def _ngrams(documents: pl.DataFrame, n: int) -> pl.DataFrame:
    groups = documents.select("source", "text").partition_by("source", maintain_order=True)
    return merge(_sample(group.item(0, "source"), ngrams(group["text"], n)) for group in groups)


def _sample(source: str, batches: Iterable[Hashes]) -> pl.DataFrame:
    """The counts of a source's n-grams. What the sample so far leaves out is dropped before it is sorted."""
    table, bits, waiting = _table(source, 0, _NONE), 0, [_NONE]
    for batch in batches:
        waiting.append(batch[batch & np.uint64(2**bits - 1) == 0])
        if sum(map(len, waiting)) > MAX_NGRAMS:
            table = merge([table, _table(source, bits, np.concatenate(waiting))])
            bits, waiting = int(table["bits"].max() or bits), [_NONE]  # type: ignore[arg-type]
    return merge([table, _table(source, bits, np.concatenate(waiting))])


_NONE: Hashes = np.empty(0, dtype=np.uint64)


def _table(source: str, bits: int, hashes: Hashes) -> pl.DataFrame:
    found, counts = np.unique(hashes, return_counts=True)
    columns = {"ngram": found.view(np.int64), "count": counts.astype(np.int64)}
    return pl.DataFrame(columns).select(
        source=pl.lit(source), bits=pl.lit(bits, pl.Int64), ngram="ngram", count="count"
    )


def merge(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add mix/ngrams tables: per source brought to one `bits`, raised until it has at most MAX_NGRAMS rows."""
    rows = pl.concat([pl.DataFrame(schema=_SCHEMA), *parts])
    rows = rows.with_columns(pl.col("bits").max().over("source")).filter(_ends_in_zeros("bits"))
    summed = rows.group_by("source", "bits", "ngram", maintain_order=True).agg(pl.col("count").sum())
    while crowded := _crowded(summed):
        raised = pl.col("bits") + pl.col("source").is_in(crowded).cast(pl.Int64)
        summed = summed.with_columns(bits=raised).filter(_ends_in_zeros("bits"))
    return summed.sort("source", "ngram")


_SCHEMA = {"source": pl.String, "bits": pl.Int64, "ngram": pl.Int64, "count": pl.Int64}


def _crowded(table: pl.DataFrame) -> list[str]:
    sizes = table.group_by("source", maintain_order=True).len().filter(pl.col("len") > MAX_NGRAMS)
    return sizes["source"].to_list()


def _ends_in_zeros(bits: str) -> pl.Expr:
    """True where the n-gram's low `bits` bits are zero."""
    return (pl.col("ngram") & (pl.lit(2, dtype=pl.Int64).pow(pl.col(bits)).cast(pl.Int64) - 1)) == 0
