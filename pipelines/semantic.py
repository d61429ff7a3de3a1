"""Dedup by meaning: word vectors of the corpus, a vector per document, groups, and who resembles whom. Off by default.

Word vectors are trained on a sample of the survivors, by hash of doc_id, in one task; documents are then encoded shard
by shard, grouped, and compared group by group in tasks of their own. What samples hold does not depend on how the
survivors are spread over shards, nor on how many documents quality rejected.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.context import Context
from pipelines.ranges import Between
from pipelines.stage import Stage
from pipelines.work import Family, Read
from stages import edits, schemas
from stages.dedup import semantic
from stages.dedup.keys import scope_of
from stages.dedup.params import KeyParams, SemanticParams, WordParams, key_params
from stages.dedup.semantic import WordVectors
from stages.shingles import normalise

TABLES = tuple(f"dedup/{name}" for name in ("words", "vectors", "centres", "cells", "semantic"))
PER_CENTRE = 64  # vectors from which a centre of k-means is found
PART_ROWS = 200_000  # documents per task of `semantic`
CODE = ("stages.dedup.semantic",)
KEPT = Read("quality/decisions", ("doc_id", "keep"))
MEMBERS = Read("dedup/members", ("document", "old", "date", "chars", "score", "source_rank", "host_rank"))
FOUND = Read("dedup/semantic", ("doc_id", "related_doc_id", "similarity"), own=True)
Tables = Mapping[str, Any]
Frames = dict[str, pl.DataFrame]


def train(tables: Tables, policy: WordParams, models: Mapping[str, str]) -> Frames:
    """Body of `words`: fastText on the normalised texts of a sample, a document per line."""
    from stages.fasttext_models import train_vectors

    rows = sum(int(part["keep"].sum()) for part in tables["quality/decisions"].values())
    with tempfile.NamedTemporaryFile("wb", suffix=".txt") as file:
        for shard, part in tables["extract/documents"].items():
            kept = tables["quality/decisions"][shard].filter("keep")
            texts = part.filter(_sampled(policy.documents, rows)).join(kept, on="doc_id", how="semi")["text"]
            for batch in normalise(texts):
                ends = batch.bounds.tolist()
                file.writelines(batch.data[a:b].tobytes() + b"\n" for a, b in pairwise(ends))
        file.flush()
        found = semantic.word_vectors(*_trained(train_vectors, Path(file.name), policy))
    words = pl.Series(found.words.view("i8"))
    return {"dedup/words": pl.DataFrame({"word": words, "vector": semantic.packed(found.vectors)})}


def _trained(train_vectors: Any, rows: Path, policy: WordParams) -> Any:
    """Words, vectors, counts; none where no word occurs often enough to be trained on."""
    try:
        return train_vectors(str(rows), policy.dimensions)
    except (ValueError, RuntimeError):
        return [], np.empty((0, policy.dimensions), dtype=np.float32), np.empty(0, dtype=np.int64)


def _sampled(wanted: int, rows: int) -> pl.Expr:
    """About `wanted` of so many rows, by the first 32 bits of doc_id, which is a hash."""
    number = pl.col("doc_id").str.slice(0, 8).str.to_integer(base=16, strict=False)
    return number.fill_null(0) < 2**32 * wanted // max(rows, wanted)


def encode(tables: Tables, params: None, models: Mapping[str, str]) -> Frames:
    """Body of `vectors`: one shard's survivors of quality."""
    words = tables["dedup/words"]
    encoder = WordVectors(words["word"].to_numpy().view("u8"), semantic.unpacked(words["vector"]))
    kept = tables["extract/documents"].join(tables["quality/decisions"].filter("keep"), on="doc_id", how="semi")
    spans = tables["quality/edits"].join(kept, on="doc_id", how="semi")
    vectors = encoder(edits.apply_table(kept, spans)["text"])
    known = pl.Series((vectors != 0).any(axis=1))
    packed = pl.select(pl.when(known).then(semantic.packed(vectors)).otherwise(b"")).to_series()
    return {"dedup/vectors": kept.select("doc_id", vector=packed)}


def group(tables: Tables, params: tuple[int, int], models: Mapping[str, str]) -> Frames:
    """Body of `centres`: what the vectors of a sample have in common (cells below 0), and k-means over the rest.

    No row where no document has a vector.
    """
    per_centre, count = params
    sample = _first(tables["dedup/vectors"].values(), per_centre * count)
    if sample.is_empty():
        return {"dedup/centres": pl.DataFrame(schema={"cell": pl.Int64, "vector": pl.Binary})}
    vectors = semantic.unpacked(sample["vector"])
    shared = semantic.common(vectors)
    found = semantic.centres(semantic.without(vectors, shared), count)
    cell = pl.int_range(-len(shared), len(found), dtype=pl.Int64, eager=True)
    return {"dedup/centres": pl.DataFrame({"cell": cell, "vector": semantic.packed(np.vstack([shared, found]))})}


def _first(parts: Iterable[pl.DataFrame], wanted: int) -> pl.DataFrame:
    """Of all rows that have a vector the `wanted` first by doc_id, which is a hash; all of them where they are fewer.

    Holds twice as many and one part at most.
    """
    held, rows = [pl.DataFrame(schema={"doc_id": pl.String, "vector": pl.Binary})], 0
    for part in parts:
        held.append(part.filter(pl.col("vector").bin.size() > 0))
        rows += held[-1].height
        if rows > 2 * wanted:
            held = [pl.concat(held).sort("doc_id").head(wanted)]
            rows = wanted
    return pl.concat(held).sort("doc_id").head(wanted)


def place(tables: Tables, params: KeyParams, models: Mapping[str, str]) -> Frames:
    """Body of `cells`: the group of each document of a shard that is no copy."""
    sources = tables["dedup/vectors"].select("doc_id").join(tables["extract/documents"], on="doc_id", how="left")
    return {"dedup/cells": semantic.cells(tables, scope_of(sources["source"], params))}


def compare(
    tables: Tables, params: tuple[tuple[float, tuple[str, ...]], list[int]], models: Mapping[str, str]
) -> Frames:
    """Body of `semantic`: the groups from `low` to `high`."""
    (threshold, prefer), (low, high) = params
    found = Between(tables["dedup/cells"], "cell", low, high)
    rows = [part.with_columns(shard=pl.lit(shard)) for shard, part in found.items()]
    return {"dedup/semantic": semantic.judge_cells(pl.concat(rows), threshold, prefer)}


def find(ctx: Context, stage: Stage, shards: list[str]) -> None:
    """Fill dedup/semantic, where params ask for it."""
    stage.tables.update(TABLES)
    policy = ctx.params.dedup.semantic
    if not policy.enabled or not shards:
        return
    rows = sum(ref.rows for ref in stage.refs["extract/documents"].values())
    cells = max(1, 1 << (rows // policy.cell).bit_length() >> 1)
    per_part = max(1, PART_ROWS * cells // max(rows, 1))
    parts = {f"part-{k:05d}": [low, low + per_part] for k, low in enumerate(range(0, cells, per_part))}
    trained, centres, compared = _families(ctx, policy)
    stage.whole(trained)
    if stage.failed:  # what follows is of all shards; `finish` names those that failed
        return
    stage.each(_encoded(), shards)
    stage.whole(centres, extra=cells)
    if stage.failed:
        return
    stage.each(_placed(ctx), shards)
    stage.each(compared, {} if stage.failed else parts, extra=parts)


def _families(ctx: Context, policy: SemanticParams) -> Iterator[Family]:
    texts = Read("extract/documents", ("doc_id", "text"), whole=True)
    kept = Read("quality/decisions", ("doc_id", "keep"), whole=True)
    writes = {"dedup/words": schemas.DEDUP_WORDS}
    trained = WordParams(dimensions=policy.dimensions, documents=policy.documents)
    yield Family("words", train, (texts, kept), writes, params=trained, code=(*CODE, "stages.fasttext_models"))
    vectors, writes = Read("dedup/vectors", whole=True), {"dedup/centres": schemas.DEDUP_CENTRES}
    yield Family("centres", group, (vectors,), writes, params=PER_CENTRE, code=CODE)
    held, cells = (policy.threshold, ctx.params.dedup.prefer), Read("dedup/cells", whole=True)
    yield Family("semantic", compare, (cells,), {"dedup/semantic": schemas.DEDUP_SEMANTIC}, params=held, code=CODE)


def _encoded() -> Family:
    reads = (Read("extract/documents", ("doc_id", "text")), Read("quality/edits"), KEPT, Read("dedup/words"))
    return Family("vectors", encode, reads, {"dedup/vectors": schemas.DEDUP_VECTORS}, code=(*CODE, "stages.edits"))


def _placed(ctx: Context) -> Family:
    clusters = Read("dedup/clusters", ("doc_id", "kind"), own=True)
    sources = Read("extract/documents", ("doc_id", "source"))
    reads = (Read("dedup/vectors"), MEMBERS, clusters, Read("dedup/centres"), sources)
    writes = {"dedup/cells": schemas.DEDUP_CELLS}
    return Family("cells", place, reads, writes, params=key_params(ctx.params.dedup), code=(*CODE, "stages.dedup.keys"))
