"""What a release shard holds, in documents and tokens, by where it comes from."""

from collections.abc import Mapping

import polars as pl

from stages.mix.windows import WORDS

PAID_COPIES = 4  # copies beyond the fourth teach little (Muennighoff et al. 2023, section 5)


def count(tables: Mapping[str, pl.DataFrame], params: None, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """mix/documents of a release shard -> mix/shares. `short_tokens`: of first copies too short for a window."""
    return {"mix/shares": _shares(tables["mix/documents"])}


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
            short_tokens=pl.col("n_tokens").filter(first & (pl.col("n_tokens") < WORDS)).sum(),
            paid_tokens=pl.col("n_tokens").filter(paid).sum(),
        )
        .sort("source", "origin", "generator", "generation_depth")
    )
