"""What the card tells, read from what the stages left. No page text; who writes strings of sources makes them inert."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines import outputs
from pipelines.context import Context
from pipelines.errors import BadInput
from pipelines.files import read_json
from pipelines.outputs import STAGES
from pipelines.work import Shards
from stages import census
from stages.params import Params

FOLDER = "documents"  # of the release, beside the card
PROVENANCE = ("source", "generator", "method", "generation_depth", "licence")


@dataclass(frozen=True)
class File:
    """A Parquet file of the release: its name, rows, bytes and sha256."""

    name: str
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Facts:
    """Everything the card is made from."""

    params: Params
    ledgers: Mapping[str, Any]
    sources: tuple[Mapping[str, Any], ...]  # source, origin, documents, tokens (with copies), weight, rate
    synthetic: tuple[Mapping[str, Any], ...]  # PROVENANCE, documents, tokens (once)
    languages: tuple[tuple[str, int, int], ...]  # name, documents, tokens: of the crawl, as toxicity kept them
    edits: Mapping[str, int]  # kind -> edits of toxicity in all documents it was given
    collapse: Mapping[str, Any]
    files: tuple[File, ...]

    @property
    def released(self) -> tuple[int, int]:
        """Different documents, and tokens with copies."""
        return sum(s["documents"] for s in self.sources), sum(s["tokens"] for s in self.sources)


def gather(ctx: Context) -> Facts:
    """Read the last finished run. Raises BadInput where a stage has not run or is out of date."""
    missing = [s for s in STAGES if outputs.manifest(ctx.store, s) is None]
    stale = [s for s in STAGES if s not in missing and outputs.stale(ctx.store, s)]
    if missing or stale:
        raise BadInput(f"{', '.join(missing or stale)}: {'not run' if missing else 'STALE'}; run `make repro` first")
    return Facts(
        ctx.params,
        {stage: outputs.ledger(ctx.store, stage) for stage in STAGES},
        tuple(_sources(ctx)),
        tuple(_synthetic(ctx)),
        tuple(_languages(outputs.total_census(ctx.store, "toxicity"))),
        _edits(ctx),
        read_json(ctx.store.data("mix", "collapse.json")) or {},
        tuple(_files(ctx)),
    )


def _tables(ctx: Context, table: str, columns: tuple[str, ...] | None = None) -> Shards:
    found = outputs.manifest(ctx.store, table.split("/")[0])
    return Shards(ctx.store, found.shards(table) if found else (), columns)


def _sources(ctx: Context) -> list[dict[str, Any]]:
    """What each source gave to the release, by name; a source that gave nothing has 0."""
    shares = pl.concat(
        [t.select("source", "origin", "documents", "tokens") for t in _tables(ctx, "mix/shares").values()]
    )
    given = shares.group_by("source", "origin", maintain_order=True).sum()
    plan = pl.concat(list(_tables(ctx, "mix/plan", ("source", "origin", "weight", "rate")).values()))
    joined = plan.join(given, on=["source", "origin"], how="left", nulls_equal=True, maintain_order="left")
    rows = joined.with_columns(pl.col("documents", "tokens").fill_null(0)).sort("source", "origin")
    return rows.to_dicts()


def _synthetic(ctx: Context) -> list[dict[str, Any]]:
    """Kept synthetic documents by what their rows say of themselves."""
    rows, kept = _tables(ctx, "mix/synthetic", ("n_tokens", *PROVENANCE)), _tables(ctx, "mix/decisions", ("keep",))
    if not rows:
        return []
    every = pl.concat([rows[shard].filter(kept[shard]["keep"]) for shard in rows])
    counted = every.group_by(PROVENANCE, maintain_order=True).agg(
        documents=pl.len().cast(pl.Int64), tokens=pl.col("n_tokens").sum()
    )
    return counted.sort(PROVENANCE).to_dicts()


def _languages(counts: list[census.Count]) -> list[tuple[str, int, int]]:
    """The most frequent first."""
    documents, tokens = census.pick(counts, "language"), census.pick(counts, "language_tokens")
    names = {key.rpartition("|")[0]: n for key, n in documents.items() if key.endswith("|kept") and n}
    ordered = sorted(names, key=lambda name: (-names[name], name))
    return [(name, names[name], tokens.get(f"{name}|kept", 0)) for name in ordered]


def _edits(ctx: Context) -> dict[str, int]:
    counts: dict[str, int] = dict.fromkeys(ctx.params.toxicity.pii.kinds, 0)
    for frame in _tables(ctx, "toxicity/edits", ("kind",)).values():
        for kind, n in frame.group_by("kind", maintain_order=True).len().iter_rows():
            counts[kind] = counts.get(kind, 0) + n
    return dict(sorted(counts.items()))


def _files(ctx: Context) -> list[File]:
    found = outputs.manifest(ctx.store, "mix")
    refs = found.shards(f"mix/{FOLDER}") if found else ()
    paths = [(ref, ctx.store.path(ref)) for ref in refs]
    return [File(p.name, ref.rows, p.stat().st_size, ctx.stat.digest(p)) for ref, p in paths]


def funnel(facts: Facts) -> list[dict[str, Any]]:
    """Rows step, documents, tokens: what was given to extract, then what each stage kept."""
    first = facts.ledgers["extract"]
    rows = [{"step": "records", "documents": first["documents"]["in"], "tokens": first["tokens"]["in"]}]
    for stage, ledger in facts.ledgers.items():
        rows.append({"step": stage, "documents": ledger["documents"]["kept"], "tokens": ledger["tokens"]["kept"]})
    return rows
