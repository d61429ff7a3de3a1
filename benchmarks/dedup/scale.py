"""`python -m benchmarks.dedup.scale DOCUMENTS [FOLDER]`: the whole stage dedup on made documents, timed by family.

Documents of 120 words: 70 % singletons, whose words are drawn from a million so that no two share a 5-gram; the others
in families of Zipf sizes up to 10^4, each copy of a similarity to its base between .5 and 1; 5 % of all carry one of
twenty shared frames of 60 words. Every word is a hash, so that a size gives the same documents everywhere. Prints
seconds, documents, what was found, peak memory of the one process that did it all, and bytes on disk per document.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines import context, outputs
from pipelines.context import Context
from pipelines.entry import set_environment
from pipelines.files import read_json, read_lines, write_json
from pipelines.stage import Stage
from pipelines.store import ROOT, Ref, Store

WORDS, FRAME, VOCABULARY, SHARD = 120, 60, 1_000_000, 10_000
LARGEST = 10_000


def mixed(*keys: np.ndarray | int) -> np.ndarray:
    """64 bits from integers, one of them an array (SplitMix64's finaliser)."""
    h = np.uint64(0x5851F42D4C957F2D)
    with np.errstate(over="ignore"):
        for key in keys:
            h = (h ^ np.asarray(key, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            h = (h ^ (h >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
            h = h ^ (h >> np.uint64(29))
    return h


def families(count: int) -> np.ndarray:
    """The family of each document; singletons have one of their own."""
    single = count * 7 // 10
    sizes, rank, left = [], 1, count - single
    while left:
        sizes.append(min(left, max(2, LARGEST // rank)))
        left, rank = left - sizes[-1], rank + 1
    found = np.concatenate([np.repeat(np.arange(len(sizes)), sizes), np.arange(single) + len(sizes)])
    return found[np.argsort(mixed(np.arange(count), 1), kind="stable")]


def texts(first: int, family: np.ndarray, size: np.ndarray) -> pl.Series:
    """The texts of documents first, first + 1 …, of which `family` and family `size` are given."""
    own, place = np.arange(first, first + len(family))[:, None], np.arange(WORDS)[None, :]
    share = 0.5 + 0.5 * (mixed(own, 2) >> np.uint64(11)) / 2.0**53
    changed = np.where(size[:, None] > 1, np.round((WORDS - 4) * (1 - share) / (1 + share)), 0)
    words = np.where(place < WORDS - changed, mixed(family[:, None], place, 3), mixed(own, place, 4))
    plain = joined(words)
    framed = (mixed(own[:, 0], 5) % np.uint64(20)) == 0
    frame = joined(mixed((mixed(own, 6) % np.uint64(20)).astype(np.int64), np.arange(FRAME)[None, :], 7))
    return pl.select(pl.when(pl.Series(framed)).then(frame + " " + plain).otherwise(plain)).to_series()


def joined(words: np.ndarray) -> pl.Series:
    """A row of words as a text."""
    names = pl.Series((words % np.uint64(VOCABULARY)).astype(np.int64).ravel()).cast(pl.String)
    return names.reshape(words.shape).arr.join(" ")


def documents(count: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """Shards of documents, as extract would leave them."""
    family = families(count)
    sizes = np.bincount(family)
    for k, first in enumerate(range(0, count, SHARD)):
        own = family[first : first + SHARD]
        text = texts(first, own, sizes[own])
        ids = [f"{a:016x}{b:016x}" for a, b in zip(*(mixed(np.arange(first, first + len(own)), s) for s in (8, 9)))]
        frame = pl.DataFrame({"doc_id": ids, "text": text})
        blank = {name: pl.lit(None, dtype=pl.String) for name in ("title", "extractor", "encoding")}
        yield (
            f"s{k:05d}",
            frame.with_columns(
                url=pl.lit("http://a.example/"),
                host=pl.lit("a.example"),
                source=pl.lit("made"),
                language=pl.lit("en"),
                language_score=pl.lit(1.0),
                date=pl.lit(f"{2000 + k // 300}-01-01T{k % 300 // 60:02d}:{k % 60:02d}:00Z"),
                n_chars=pl.col("text").str.len_chars().cast(pl.Int64),
                n_tokens=pl.lit(WORDS, dtype=pl.Int64),
                **blank,
            ),
        )


def make(store: Store, count: int) -> int:
    """Write what dedup reads: documents, and a quality that keeps all. Returns the bytes of text."""
    from stages import schemas

    refs: dict[str, list[Ref]] = {"extract": [], "quality": []}
    size = 0
    no_edits = pl.DataFrame(pl.from_arrow(schemas.EDITS.empty_table()))
    for shard, frame in documents(count):
        size += int(frame["text"].str.len_bytes().sum())
        ids = frame.select("doc_id")
        fates = {"reason": pl.String, "value": pl.Float64, "bound": pl.Float64, "also": pl.List(pl.String)}
        fates |= {"related_doc_id": pl.String, "detail": pl.String}
        kept = ids.with_columns(keep=pl.lit(True), **{n: pl.lit(None, dtype=t) for n, t in fates.items()})
        tables = {
            "extract/documents": (frame, schemas.DOCUMENTS),
            "quality/decisions": (kept, schemas.DECISIONS),
            "quality/scores": (ids.with_columns(quality_score=pl.lit(0.5)), schemas.QUALITY_SCORES),
            "quality/edits": (no_edits, schemas.EDITS),
        }
        for table, (rows, schema) in tables.items():
            refs[table.split("/")[0]].append(store.write(table, shard, rows, schema).ref)
    last = {stage: [vars(ref) for ref in found if ref.shard == shard] for stage, found in refs.items()}
    write_json(store.data("last.json"), last)
    list_shards(store, {stage: [ref for ref in found if ref.shard != shard] for stage, found in refs.items()})
    return size


def list_shards(store: Store, refs: dict[str, list[Ref]]) -> None:
    """Manifests of extract and quality, and an open gate."""
    for stage, found in refs.items():
        outputs.write_manifest(store, stage, found)
    quality = outputs.manifest(store, "quality")
    write_json(outputs.gate_path(store, "quality", "open"), {"manifest": quality.digest if quality else ""})


def add_last(store: Store) -> None:
    """Let the held back shard in."""
    last = read_json(store.data("last.json"))
    known = {stage: outputs.manifest(store, stage) for stage in last}
    list_shards(store, {s: [*(known[s].refs if known[s] else ()), *(Ref(**r) for r in last[s])] for s in last})


def measure(root: Path) -> None:
    """Run the stage in this process: all shards but one, then that one, then another threshold. Prints JSON."""
    ctx = context.load()
    run = ctx.params.run.model_copy(update={"executor": "inprocess"})
    ctx = replace(
        ctx, root=root, store=Store.at(root, "data"), params=ctx.params.model_copy(update={"run": run}), planned={}
    )
    stage, seconds, rates = timed(ctx)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    add_last(ctx.store)
    _, more, added = timed(replace(ctx, planned={}))
    policy = ctx.params.dedup.model_copy(update={"threshold": 0.9})
    _, other, judged = timed(replace(ctx, params=ctx.params.model_copy(update={"dedup": policy})))
    disk = {name: sum(p.stat().st_size for p in (root / "data" / name).glob("*.parquet")) for name in stage.tables}
    audit = ctx.store.read(next(iter(stage.refs["dedup/audit"].values())))
    found = {
        "seconds": round(seconds, 1),
        "peak_mb": peak,
        "a shard more": {"seconds": round(more, 1), "shards": {row["family"]: row["shards"] for row in added}},
        "threshold .9": {"seconds": round(other, 1), "shards": {row["family"]: row["shards"] for row in judged}},
        "families": {row["family"]: row["seconds"] for row in rates},
        "peak_mb_until": {row["family"]: row["peak_mb"] for row in rates},
        "lots": len(stage.refs["dedup/near"]),
        "parts": len(stage.refs["dedup/candidates"]),
        "audit": dict(audit.iter_rows()),
        "disk": disk,
        "removed": outputs.ledger(ctx.store, "dedup")["documents"]["rejected"],
    }
    print(json.dumps(found))


def timed(ctx: Context) -> tuple[Stage, float, list[dict[str, Any]]]:
    """Run the stage; the seconds it took, and the rates of the families that had something to do."""
    from pipelines import dedup

    path = ctx.run_dir / "rates.jsonl"
    before = len(read_lines(path))
    start = time.perf_counter()
    stage = dedup.run(ctx)
    return stage, time.perf_counter() - start, list(read_lines(path))[before:]


def main() -> None:
    """Make the documents, run the stage in a child of its own, print one line."""
    set_environment(ROOT)
    if sys.argv[1] == "--measure":
        measure(Path(sys.argv[2]))
        return
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        start = time.perf_counter()
        size = make(Store.at(Path(folder), "data"), count)
        made = time.perf_counter() - start
        command = [sys.executable, "-m", "benchmarks.dedup.scale", "--measure", folder]
        out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=dict(os.environ))
    found = json.loads(out.stdout.splitlines()[-1])
    disk = found.pop("disk")
    print(f"{count} documents, {size / 1e6:.0f} MB of text, made in {made:.0f} s; load {os.getloadavg()[0]:.1f}")
    print(json.dumps(found))
    print("bytes on disk per document:", {k: round(v / count, 1) for k, v in sorted(disk.items())})


if __name__ == "__main__":
    main()
