"""`python -m benchmarks.dedup.peers [SIZE …] [--peers PYTHON]`: the stage dedup beside datatrove's MinHash pipeline.

The made documents of `benchmarks.dedup.scale`, in shards of 10,000, from texts on disk to the list of who stays: here
`pipelines.dedup` in one process, all its tables, receipts and ledgers included; there the four steps of its MinHash
deduplication (signatures, buckets, clusters, filter) in one process, word 5-grams, one rank per shard, once with 20
buckets of 6 hashes as here and once with its own 14 of 8. CPU seconds without imports and peak memory of each process;
then how many each removed, and for how many of these no kept document has an exact Jaccard similarity of .8 (word
5-grams, as this project counts them; only the made family of a document is looked at: others share a frame at most).
PYTHON is the interpreter of an environment with datatrove (default .run/bench/dedup/bin/python, made as
benchmarks/dedup/signatures.py says, with spacy).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SIZES, SHINGLE, THRESHOLD = (20_000, 60_000), 5, 0.8
CONTENDERS = (("sluicegate", 20, 6), ("datatrove", 20, 6), ("datatrove", 14, 8))  # bands of rows


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak() -> int:
    """Peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def sluicegate(folder: Path, bands: int, rows: int) -> dict[str, Any]:
    """Run the stage over the made shards."""
    from dataclasses import replace

    import polars as pl

    from pipelines import context, dedup
    from pipelines.entry import set_environment
    from pipelines.store import Store

    set_environment(ROOT)
    ctx = context.load()
    run = ctx.params.run.model_copy(update={"executor": "inprocess"})
    policy = ctx.params.dedup.model_copy(update={"bands": bands, "rows": rows, "shingle": SHINGLE})
    params = ctx.params.model_copy(update={"run": run, "dedup": policy})
    ctx = replace(ctx, root=folder, store=Store.at(folder, "data"), params=params, planned={})
    start, before = cpu(), peak()
    dedup.run(ctx)
    spent, most = cpu() - start, peak()
    kept = pl.read_parquet(folder / "data/dedup/decisions/*.parquet").filter("keep")["doc_id"]
    return {"seconds": spent, "peak_mb": most, "start_mb": before, "kept": kept.to_list()}


def datatrove(folder: Path, bands: int, rows: int) -> dict[str, Any]:
    """Run the four steps over the same texts."""
    from datatrove.data import Document
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.utils.text import TextNormConfig

    def shard(path: Path) -> Iterator[Document]:
        for line in path.open():
            yield Document(**json.loads(line))

    shards = sorted((folder / "lines").glob("*.jsonl"))
    plain = TextNormConfig(norm_numbers=False)  # made words are numbers, which it would take for one and the same
    config = MinhashConfig(n_grams=SHINGLE, num_buckets=bands, hashes_per_bucket=rows, seed=1, norm_config=plain)
    places = [str(folder / f"{bands}x{rows}" / name) for name in ("signatures", "buckets", "removed")]
    start, before = cpu(), peak()
    for rank, path in enumerate(shards):
        MinhashDedupSignature(places[0], config=config, language="eng").run(shard(path), rank, len(shards))
    for rank in range(bands):
        MinhashDedupBuckets(places[0], places[1], config=config).run(None, rank, bands)
    MinhashDedupCluster(places[1], places[2], config=config).run(None, 0, 1)
    kept = []
    for rank, path in enumerate(shards):
        kept += [one.id for one in MinhashDedupFilter(places[2]).run(shard(path), rank, len(shards))]
    return {"seconds": cpu() - start, "peak_mb": peak(), "start_mb": before, "kept": kept}


def make(folder: Path, count: int) -> int:
    """The documents in both forms. Returns the bytes of text."""
    from benchmarks.dedup import scale
    from pipelines.entry import set_environment
    from pipelines.store import Store

    set_environment(ROOT)
    size = scale.make(Store.at(folder, "data"), count)
    scale.add_last(Store.at(folder, "data"))
    (folder / "lines").mkdir()
    for shard, frame in scale.documents(count):
        frame.select("text", id="doc_id").write_ndjson(folder / "lines" / f"{shard}.jsonl")
    return size


def unfounded(folder: Path, count: int, kept: set[str]) -> int:
    """How many removed documents resemble no kept one of their family by THRESHOLD."""
    import numpy as np
    import polars as pl

    from benchmarks.dedup import scale
    from stages.dedup.verify import common_if_similar
    from stages.shingles import shingle_sets

    rows = pl.concat(frame.select("doc_id", "text") for _, frame in scale.documents(count))
    rows = rows.with_columns(family=pl.Series(scale.families(count)), keep=pl.col("doc_id").is_in(list(kept)))
    alone = 0
    for _, own in rows.filter(pl.len().over("family") > 1).group_by("family", maintain_order=True):
        sets, stays = shingle_sets(own["text"], SHINGLE), own["keep"].to_numpy()
        twins = [sets[i] for i in np.flatnonzero(stays)]
        for i in np.flatnonzero(~stays):
            alone += not any(common_if_similar(sets[i], other, THRESHOLD) >= 0 for other in twins)
    return alone


def measured(python: str, folder: Path, name: str, bands: int, rows: int) -> dict[str, Any]:
    """One contender in a process of its own."""
    from pipelines.kernels import cache_folder

    one = {"NUMBA_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    one |= {"NUMBA_CACHE_DIR": str(cache_folder(ROOT / ".run")), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    command = [python, str(Path(__file__)), "--measure", name, str(folder), str(bands), str(rows)]
    out = subprocess.run(command, capture_output=True, text=True, check=False, env=one, cwd=ROOT)
    if out.returncode:
        raise SystemExit(f"{name} did not run: {out.stderr.strip().splitlines()[-1]}")
    found: dict[str, Any] = json.loads(out.stdout.splitlines()[-1])
    return found


def compare(count: int, peers: str) -> None:
    """One size: a row per contender, and their ratio."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        size = make(folder, count)
        print(f"{count} documents, {size / 1e6:.0f} MB of text; load {os.getloadavg()[0]:.1f}")
        seconds: list[float] = []
        for name, bands, rows in CONTENDERS:
            found = measured(peers if name == "datatrove" else sys.executable, folder, name, bands, rows)
            seconds.append(found["seconds"])
            kept = set(found["kept"])
            memory = f"peak {found['peak_mb']} MB ({found['start_mb']} before it began)"
            false = unfounded(folder, count, kept)
            times = f"{seconds[-1]:.1f} CPU s, {seconds[-1] / seconds[0]:.1f} times the first"
            print(f"{name} {bands} x {rows}: {times}, {count / seconds[-1]:.0f} documents/s, {memory}", end=", ")
            print(f"removed {count - len(kept)}, of these without a kept one at {THRESHOLD}: {false}", flush=True)


def main() -> None:
    """Measure one contender, or compare both at every size."""
    if sys.argv[1:2] == ["--measure"]:
        work = {"sluicegate": sluicegate, "datatrove": datatrove}[sys.argv[2]]
        print(json.dumps(work(Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--peers", default=str(ROOT / ".run/bench/dedup/bin/python"))
    args = parser.parse_args()
    for count in args.sizes:
        compare(count, args.peers)


if __name__ == "__main__":
    main()
