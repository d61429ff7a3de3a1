"""Dedup beside earlier releases: their index as an input, and the index of this release as an output of mix."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.context import Context
from pipelines.errors import BadInput
from pipelines.stage import Stage
from pipelines.store import read_rows
from pipelines.work import Family, Read
from stages import schemas
from stages.dedup import index
from stages.dedup.index import measure_index
from stages.dedup.params import IndexParams, index_params

CODE = ("stages.dedup.index",)
TABLE = "mix/index"
Tables = Mapping[str, Any]
Files = dict[str, tuple[str, str]]


def take_in(tables: Tables, params: IndexParams, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Body of `index_keys`: one file of an index."""
    try:
        return index.take_in(read_rows(Path(tables["file"])), params)
    except index.ForeignIndex as error:
        raise BadInput(f"dedup.index: {tables['file']} {error}") from error


def sets_of(tables: Tables, params: IndexParams, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Body of `index_sets`: the candidates of one file of an index."""
    return index.sets_of(read_rows(Path(tables["file"])), tables["dedup/lots"], params)


def files(ctx: Context) -> Files:
    """Shard name -> (path, digest) of every file of the index that params name. Raises BadInput where there is none."""
    named = ctx.params.dedup.index
    if named is None:
        return {}
    folder = (ctx.root / named).resolve()
    found = sorted(folder.glob("*.parquet"))
    if not found:
        raise BadInput(f"dedup.index: {named} holds no Parquet file; name the folder data/mix/index of a release")
    if folder == ctx.store.tables / TABLE:
        raise BadInput("dedup.index: names the index that this run writes; copy it first")
    return {f"index.{path.stem}": (str(path), ctx.stat.digest(path)) for path in found}


def beside(ctx: Context, shards: list[str]) -> Files:
    """The files of the index. Raises BadInput also where one has the name of a shard, whose tables it would replace."""
    given = files(ctx)
    clash = sorted(set(given) & set(shards))
    if clash:
        file = given[clash[0]][0]
        raise BadInput(f"dedup.index: {file} would be shard {clash[0]!r}, as a file of input.warcs is; rename one")
    return given


def keys(ctx: Context, stage: Stage, given: Files) -> None:
    """Let the documents of earlier releases take part in the search."""
    writes = {"dedup/members": schemas.DEDUP_MEMBERS, "dedup/keys": schemas.DEDUP_KEYS}
    family = Family("index_keys", take_in, (), writes, params=index_params(ctx.params.dedup), code=CODE)
    stage.each(family, given, files=given)


def sets(ctx: Context, stage: Stage, given: Files) -> None:
    """The sets of those among them that are candidates."""
    reads, writes = (Read("dedup/lots", ("content", "lot"), own=True),), {"dedup/sets": schemas.DEDUP_SETS}
    family = Family("index_sets", sets_of, reads, writes, params=index_params(ctx.params.dedup), code=CODE)
    stage.each(family, given, files=given)


def write(ctx: Context, stage: Stage, shards: list[str]) -> None:
    """The index of this release, where params ask for it: a job of mix, which decides last."""
    stage.tables.add(TABLE)
    if not ctx.params.dedup.write_index:
        return
    documents = Read("extract/documents", ("doc_id", "source", "text"))
    verdicts = Read("mix/decisions", ("doc_id", "keep"))
    reads = (documents, Read("quality/edits"), Read("dedup/signatures"), verdicts)
    family = Family("index", measure_index, reads, {TABLE: schemas.DEDUP_INDEX}, params=index_params(ctx.params.dedup))
    stage.each(family, shards)
