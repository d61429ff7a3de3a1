"""Dedup's edits: none, or the removal of paragraphs that many kept pages of a host repeat, found over all shards."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from pipelines.context import Context
from pipelines.ranges import Between, cut
from pipelines.stage import Stage
from pipelines.work import Family, Read
from stages import schemas
from stages.dedup.decide import write_edits
from stages.dedup.paragraphs import measure_paragraphs, remove, repeated
from stages.dedup.params import ParagraphParams

TABLES = ("dedup/paragraphs", "dedup/repeated")
GIVEN = (Read("extract/documents", ("doc_id", "host", "text")), Read("dedup/decisions", ("doc_id", "keep")))


def count(
    tables: Mapping[str, Any], params: tuple[ParagraphParams, tuple[int, int]], models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """Body of `repeated`: part k of n, a range of keys over all shards."""
    policy, part = params
    return {"dedup/repeated": repeated(Between(tables["dedup/paragraphs"], "key", *cut(*part)).values(), policy)}


def take_out(tables: Mapping[str, Any], params: ParagraphParams, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Body of `edits`: the repeated paragraphs of one shard."""
    known = pl.concat([pl.DataFrame(schema={"key": pl.Int64, "pages": pl.Int64}), *tables["dedup/repeated"].values()])
    return remove({**tables, "dedup/repeated": known}, params, models)


def find(ctx: Context, stage: Stage, shards: list[str], parts: Mapping[str, tuple[int, int]]) -> None:
    """Write dedup/edits of every shard: empty ones where params do not ask for the removal.

    Comes after the decisions, since copies of a page are no pages that repeat it.
    """
    stage.tables.update(TABLES)
    params = ctx.params.dedup.paragraphs
    if params.min_pages is None:
        reads = (Read("extract/documents", ("doc_id",)),)
        stage.each(Family("edits", write_edits, reads, {"dedup/edits": schemas.EDITS}), shards)
        return
    code = ("stages.dedup.paragraphs",)
    writes = {"dedup/paragraphs": schemas.DEDUP_PARAGRAPHS}
    stage.each(Family("paragraphs", measure_paragraphs, GIVEN, writes, params=params), shards)
    everywhere = (Read("dedup/paragraphs", whole=True),)
    writes = {"dedup/repeated": schemas.DEDUP_PARAGRAPHS}
    family = Family("repeated", count, everywhere, writes, params=params, code=code)
    stage.each(family, parts, extra=parts)
    known = (*GIVEN, Read("dedup/repeated", whole=True))
    stage.each(Family("edits", take_out, known, {"dedup/edits": schemas.EDITS}, params=params, code=code), shards)
