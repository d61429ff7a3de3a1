"""`python -m pipelines.slice RULE --share 0.01 --out DIR`: a small release with a rule and one without it.

For those who train a model on either and compare. Both sets are drawn by the same hash of doc_id, so that they share
every document that the rule does not touch; DIR/manifest.json lists the others. Gates judge neither set. The rates of
mix.weights are those of the release, on both sides.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import context, outputs, variants
from pipelines.context import Context
from pipelines.entry import guarded, set_environment
from pipelines.errors import BadInput
from pipelines.exports import empty_folder, write_release
from pipelines.files import write_json
from pipelines.outputs import STAGES, WHOLE
from pipelines.store import ROOT
from pipelines.variants import Variant, tables_of
from stages import schemas
from stages.mix import decide, release, sizes
from stages.mix.params import DecideParams, ReleaseParams, SizeParams

MANIFEST = "manifest.json"
BESIDE = (*sizes.EDITS, "extract/provenance")  # what a release reads beside the documents of a crawled shard
PART = 64_000_000  # characters of text that are held before a file is written


def main(argv: Sequence[str] | None = None) -> int:
    """Write the two sets and say how they differ."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.slice", description=__doc__)
    parser.add_argument("rule", help="a reason as decisions name it, such as word_count_below, or dedup")
    parser.add_argument("--share", type=float, default=0.01, help="share of the documents, by hash (default .01)")
    parser.add_argument("--out", required=True, help="a new folder, or one that this command wrote")
    args = parser.parse_args(argv)
    set_environment(ROOT)

    def work() -> None:
        found = write(context.load(), args.rule, args.share, Path(args.out))
        print(_summary(found, Path(args.out)))

    return guarded("slice", work, status=False)


def write(ctx: Context, rule: str, share: float, out: Path) -> dict[str, Any]:
    """Write DIR/with, DIR/without and DIR/manifest.json; returns what the manifest says.

    `share` lies in (0, 1]. Raises BadInput for a rule that is not in force, and where a stage is stale.
    """
    if not 0 < share <= 1:
        raise BadInput(f"--share {share:g}: must lie above 0 and not above 1")
    stage, reasons = variants.find(ctx.params, rule)
    _refuse_stale(ctx)
    folder = empty_folder(out, MANIFEST)
    sides = {"with": variants.with_all(ctx), "without": variants.without(ctx, stage, reasons)}
    drawn = {name: _write_side(ctx, one, share, folder / name) for name, one in sides.items()}
    found = {"rule": rule, "stage": stage, "share": share, "seed": ctx.params.mix.seed}
    found |= {name: side.totals() for name, side in drawn.items()}
    found |= _difference(ctx, stage, reasons, drawn, sides)
    write_json(folder / MANIFEST, found)
    return found


def _refuse_stale(ctx: Context) -> None:
    stale = [s for s in STAGES if outputs.stale(ctx.store, s)]
    if stale:
        raise BadInput(f"{', '.join(stale)}: STALE, so that no release lies there; run `make repro` first")


@dataclass
class _Set:
    """One set while it is written: files in the order of shards, rows sorted by doc_id and copy in each."""

    folder: Path
    waiting: list[pl.DataFrame] = field(default_factory=list)
    chars: int = 0
    files: list[str] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)  # doc_id -> tokens, copies included

    def add(self, rows: pl.DataFrame) -> None:
        """Take a shard's rows."""
        for doc_id, n in rows.select("doc_id", "n_tokens").iter_rows():
            self.tokens[doc_id] = self.tokens.get(doc_id, 0) + n
        self.waiting.append(rows)
        self.chars += int(rows["text"].str.len_bytes().sum())
        if self.chars > PART:
            self.flush()

    def flush(self) -> None:
        """Write what waits; a set without a row is one file without a row."""
        rows = pl.concat(self.waiting) if self.waiting else pl.DataFrame()
        if rows.is_empty() and (self.files or not self.waiting):
            return
        name = f"part-{len(self.files):05d}.parquet"
        write_release(self.folder / name, rows.sort("doc_id", "copy"), schemas.MIXTURE)
        self.files.append(name)
        self.waiting, self.chars = [], 0

    def totals(self) -> dict[str, Any]:
        """What the manifest says of a set."""
        return {"documents": len(self.tokens), "tokens": sum(self.tokens.values()), "files": self.files}


def _write_side(ctx: Context, variant: Variant, share: float, folder: Path) -> _Set:
    out = _Set(folder)
    for rows in _rows(ctx, variant, share):
        out.add(rows)
    out.flush()
    return out


def _rows(ctx: Context, variant: Variant, share: float) -> Iterator[pl.DataFrame]:
    """Rows as mix would release them, shard by shard, of the documents drawn."""
    shared = {"mix/plan": tables_of(ctx, "mix/plan")[WHOLE], "dedup/clusters": variant.clusters}
    params = ReleaseParams(release=0, shards=1, seed=ctx.params.mix.seed)
    for shard, own in (*_crawl(ctx, variant, share), *_synthetic(ctx, share)):
        decided = decide.decide(
            {**own, **shared, "mix/repeats": tables_of(ctx, "mix/repeats")[WHOLE]},
            DecideParams(shard=shard, seed=ctx.params.mix.seed),
            {},
        )
        yield release.deal({**own, **shared, **decided}, params, {})["mix/dealt"].drop("release")


def _crawl(ctx: Context, variant: Variant, share: float) -> Iterator[tuple[str, Mapping[str, pl.DataFrame]]]:
    """The tables of each crawled shard, of the survivors drawn."""
    documents, spans = tables_of(ctx, "extract/documents"), {n: tables_of(ctx, n) for n in BESIDE}
    for shard in documents:
        kept = draw(variant.survivors[shard].filter("keep"), share, ctx.params.mix.seed)
        own = {n: t[shard].join(kept, on="doc_id", how="semi", maintain_order="left") for n, t in spans.items()}
        own["extract/documents"] = documents[shard].join(kept, on="doc_id", how="semi", maintain_order="left")
        own["toxicity/decisions"] = kept
        yield shard, own | sizes.measure_crawl(own, SizeParams(takedowns=ctx.params.input.takedowns), {})


def _synthetic(ctx: Context, share: float) -> Iterator[tuple[str, Mapping[str, pl.DataFrame]]]:
    for shard, rows in tables_of(ctx, "mix/synthetic").items():
        own = {"mix/synthetic": draw(rows, share, ctx.params.mix.seed)}
        yield shard, own | sizes.measure_synthetic(own, SizeParams(takedowns=ctx.params.input.takedowns), {})


def draw(rows: pl.DataFrame, share: float, seed: int) -> pl.DataFrame:
    """The rows whose doc_id falls into the share: a hash of its own, so that it says nothing of `not_sampled`."""
    names = rows["doc_id"].to_list()
    places = [hashlib.blake2b(f"slice:{seed}:{name}".encode(), digest_size=8).digest() for name in names]
    taken = [int.from_bytes(place, "big") < share * 2**64 for place in places]
    return rows.filter(pl.Series(taken, dtype=pl.Boolean))


def _difference(
    ctx: Context, stage: str, reasons: Sequence[str], drawn: Mapping[str, _Set], sides: Mapping[str, Variant]
) -> dict[str, Any]:
    """Who stands on one side alone, and why: the rule itself, or a kept twin that changed with it."""
    one, two = drawn["with"].tokens, drawn["without"].tokens
    entering, leaving = sorted(set(two) - set(one)), sorted(set(one) - set(two))
    ruled = _rejected(ctx, stage, reasons, entering)
    twins = sides["without"].clusters.filter(pl.col("doc_id").is_in(leaving)).select("doc_id", "related_doc_id")
    displaced = dict(twins.iter_rows())
    return {
        "both": len(set(one) & set(two)),
        "only_without": [{"doc_id": d, "why": "rule" if d in ruled else "its kept twin left"} for d in entering],
        "only_with": [{"doc_id": d, "why": "a twin came in", "related_doc_id": displaced.get(d)} for d in leaving],
    }


def _rejected(ctx: Context, stage: str, reasons: Sequence[str], wanted: Sequence[str]) -> set[str]:
    """Those of `wanted` whom the rule rejects in the release."""
    chosen = pl.col("reason").is_in(list(reasons)) & pl.col("doc_id").is_in(list(wanted))
    found = tables_of(ctx, f"{stage}/decisions", ("doc_id", "reason"))
    return {doc_id for shard in found for doc_id in found[shard].filter(chosen)["doc_id"]}


def _summary(found: Mapping[str, Any], out: Path) -> str:
    lines = [f"{side:<8}{found[side]['documents']:>10} documents{found[side]['tokens']:>14} tokens" for side in SIDES]
    counts = f"{found['both']} on both sides, {len(found['only_without'])} only without, {len(found['only_with'])} only"
    return "\n".join([*lines, f"{counts} with {found['rule']}: {out / MANIFEST}"])


SIDES = ("with", "without")


if __name__ == "__main__":
    sys.exit(main())
