"""A release with one rule taken out: who would survive then, by the stages' own functions over measures that lie there.

Nothing is measured again. Decisions list every rule that a document failed, so that those whom one rule alone kept out
are known; those after it decide anew about them: a page that quality lets in may displace its near copy in dedup.
Knows no text and writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines import outputs, released
from pipelines.context import Context
from pipelines.errors import BadInput
from pipelines.outputs import WHOLE
from pipelines.store import read_rows
from pipelines.work import Shards
from stages.dedup import clusters, decide
from stages.dedup.params import DedupParams, decide_params
from stages.params import Params, nearest
from stages.toxicity import measure

Verdicts = Mapping[str, pl.DataFrame]  # shard -> (doc_id, keep, …)


@dataclass(frozen=True)
class Variant:
    """Who survives toxicity, by shard, and the clusters that dedup found on the way."""

    survivors: Verdicts
    clusters: pl.DataFrame


def tables_of(ctx: Context, table: str, columns: Sequence[str] | None = None) -> Shards:
    """A table of the last finished run, shard by shard. Raises BadInput where its stage never finished."""
    stage = table.split("/")[0]
    found = outputs.manifest(ctx.store, stage)
    if found is None:
        raise BadInput(f"data/{stage}/manifest.jsonl is missing: run `make repro` first")
    return Shards(ctx.store, found.shards(table), None if columns is None else tuple(columns))


def rules(params: Params) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name -> (stage, reasons) of every rule in force that can be taken out; `dedup` is all of its reasons."""
    bounds = params.quality.signals.items()
    sided = [
        f"{name}_{side}" for name, b in bounds for side, v in (("below", b.min), ("above", b.max)) if v is not None
    ]
    scored = [] if params.quality.min_quality_score is None else ["quality_score_below"]
    toxic = [] if params.toxicity.report_only else ["toxicity_above"]
    twins = tuple(f"{kind}_duplicate" for kind in _kinds(params.dedup))
    by_stage = {"quality": ("wrong_language", *sided, *scored), "dedup": twins, "toxicity": toxic}
    single = {name: (stage, (name,)) for stage, names in by_stage.items() for name in names}
    return {**single, "dedup": ("dedup", twins)}


def _kinds(params: DedupParams) -> list[str]:
    """The kinds of duplicates that leave."""
    earlier = [] if params.index is None else ["released_exact", "released_near"]
    return ["exact", "near", *earlier, *(["semantic"] if params.semantic.enabled == "remove" else [])]


def find(params: Params, name: str) -> tuple[str, tuple[str, ...]]:
    """(stage, reasons) of a rule. Raises BadInput naming the nearest rule in force."""
    known = rules(params)
    if name not in known:
        raise BadInput(f"{name!r} is no rule that params.yaml puts in force{nearest(name, [*known])}")
    return known[name]


def with_all(ctx: Context) -> Variant:
    """The release as it is."""
    return Variant(tables_of(ctx, "toxicity/decisions", ("doc_id", "keep")), tables_of(ctx, "dedup/clusters")[WHOLE])


def without(ctx: Context, stage: str, reasons: tuple[str, ...]) -> Variant:
    """The release as it would be if `reasons` of a stage rejected nobody."""
    found = tables_of(ctx, f"{stage}/decisions", ("doc_id", "keep", "reason", "also"))
    lifted = {shard: lift(found[shard], reasons) for shard in found}
    now = with_all(ctx)
    if stage == "toxicity":
        return Variant(lifted, now.clusters)
    if stage == "dedup":
        return Variant(_toxicity(ctx, _one_of_each(ctx, lifted, now.clusters, reasons)), now.clusters)
    again = _clusters(ctx, lifted)
    verdicts = {"dedup/clusters": again, "dedup/semantic": _semantic(ctx, again)}
    params = decide_params(ctx.params.dedup)
    after = {s: decide.decide({"quality/decisions": lifted[s], **verdicts}, params, {}) for s in lifted}
    return Variant(_toxicity(ctx, {s: t["dedup/decisions"].select("doc_id", "keep") for s, t in after.items()}), again)


def lift(decisions: pl.DataFrame, reasons: Sequence[str]) -> pl.DataFrame:
    """(doc_id, keep) as if `reasons` were no rules: who failed nothing else stays."""
    names = list(reasons)
    alone = pl.col("reason").is_in(names) & pl.col("also").list.eval(pl.element().is_in(names)).list.all()
    return decisions.select("doc_id", keep=pl.col("keep") | alone.fill_null(False))


def _one_of_each(ctx: Context, lifted: Verdicts, found: pl.DataFrame, reasons: tuple[str, ...]) -> Verdicts:
    """Without near_duplicate alone, of each text that it rejected in several equal copies the first doc_id stays."""
    kind = reasons[0].removesuffix("_duplicate")
    if len(reasons) > 1 or not kind.endswith("near"):
        return lifted
    near = found.filter(kind=kind).select("doc_id")
    signed = tables_of(ctx, "dedup/signatures", ("doc_id", "exact"))
    rows = pl.concat([near.clear().with_columns(exact=pl.lit(b"")), *(
        near.join(signed[s], on="doc_id", maintain_order="left") for s in signed
    )])  # fmt: skip
    if ctx.params.dedup.scope == "per_source":
        documents = tables_of(ctx, "extract/documents", ("doc_id", "source"))
        sources = pl.concat([documents[s].join(near, on="doc_id", how="semi") for s in documents])
        rows = rows.join(sources, on="doc_id", how="left", maintain_order="left")
    first = rows.sort("doc_id").unique([c for c in rows.columns if c != "doc_id"], keep="first", maintain_order=True)
    copies = rows.join(first, on="doc_id", how="anti")["doc_id"]
    return {
        s: t.with_columns(keep=pl.col("keep") & ~pl.col("doc_id").is_in(copies.implode())) for s, t in lifted.items()
    }


def _clusters(ctx: Context, kept: Verdicts) -> pl.DataFrame:
    columns = ("doc_id", "date", "source", "host", "n_chars", "text")
    names = ("dedup/signatures", "quality/edits", "quality/scores")
    tables: dict[str, Verdicts] = {name: tables_of(ctx, name) for name in names}
    tables |= {"extract/documents": tables_of(ctx, "extract/documents", columns), "quality/decisions": kept}
    indexed = {shard: read_rows(Path(path)) for shard, (path, _) in released.files(ctx).items()}
    return clusters.cluster(tables, ctx.params.dedup, indexed)["dedup/clusters"]


def _semantic(ctx: Context, again: pl.DataFrame) -> pl.DataFrame:
    """Who resembles a kept document by meaning, where both still stay by words. Who comes in is not asked."""
    found = tables_of(ctx, "dedup/semantic", ("doc_id", "related_doc_id", "similarity"))
    nobody = {"doc_id": pl.String, "related_doc_id": pl.String, "similarity": pl.Float64}
    gone = again.drop_nulls("kind")["doc_id"].implode()
    rows = pl.concat([pl.DataFrame(schema=nobody), *found.values()])
    return rows.filter(~pl.col("doc_id").is_in(gone), ~pl.col("related_doc_id").is_in(gone))


def _toxicity(ctx: Context, kept: Verdicts) -> Verdicts:
    scores = tables_of(ctx, "toxicity/scores")
    return {
        s: measure.decide({"dedup/decisions": rows, "toxicity/scores": scores[s]}, ctx.params.toxicity, {})[
            "toxicity/decisions"
        ].select("doc_id", "keep")
        for s, rows in kept.items()
    }
