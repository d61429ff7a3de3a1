"""`python -m pipelines.accept`: make this run the baseline, as files in git.

Commits dvc.lock, the ledgers, the verdicts and the funnel, the machine limits that extraction met, and a line per stage
in the history of accepted runs, which the report draws; nothing else under data/.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines import context, outputs
from pipelines.context import Context
from pipelines.entry import guarded, set_environment
from pipelines.errors import BadInput, GateClosed
from pipelines.files import read_lines, write_lines
from pipelines.outputs import STAGES
from pipelines.store import ROOT

MACHINE = ("engine_crashed", "engine_timeout", "engine_memory")


def main(argv: Sequence[str] | None = None) -> int:
    """Commit the baseline. Refuses while a gate is closed or a stage is stale."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    message = " ".join(arguments) or "Accept this run as the baseline"
    set_environment(ROOT)

    def work() -> None:
        ctx = context.load()
        _refuse(ctx)
        limits = machine_limits(ctx)
        if limits:  # no limit met: the file stays as it is, so that nothing that depends on it moves
            write_lines(limits_path(ctx), limits)
        write_lines(history_path(ctx), history(ctx))
        paths = ["dvc.lock", *(f"data/{s}/ledger.json" for s in STAGES), *(f"data/gates/{s}.json" for s in STAGES)]
        paths += ["data/inputs/machine_limits.jsonl", "data/baselines/history.jsonl"]
        paths += ["data/reports/funnel.csv"] * (ctx.root / "data/reports/funnel.csv").is_file()
        _git(ctx, "add", "-f", "--", *paths)
        _git(ctx, "commit", "-q", "-m", message, "--", *paths)
        print("accepted: " + ", ".join(paths))

    return guarded("accept", work)


def limits_path(ctx: Context) -> Path:
    """Where the limits met by a machine are kept in git."""
    return ctx.store.data("inputs", "machine_limits.jsonl")


def machine_limits(ctx: Context) -> list[dict[str, str | int]]:
    """Pages that ended at a limit of the machine, those known before included: later runs obey them unseen."""
    known = {row["doc_id"]: row for row in read_lines(limits_path(ctx))}
    found = outputs.manifest(ctx.store, "extract")
    for ref in found.shards("extract/decisions") if found else ():
        rows = ctx.store.read(ref, ("doc_id", "reason", "warc_file", "warc_offset"))
        for doc_id, reason, warc_file, offset in rows.iter_rows():
            if reason in MACHINE:
                known[doc_id] = {
                    "doc_id": doc_id,
                    "shard": ref.shard,
                    "reason": reason,
                    "warc_file": warc_file,
                    "warc_offset": offset,
                }
    return [known[doc_id] for doc_id in sorted(known)]


def history_path(ctx: Context) -> Path:
    """Where accepted runs are kept in git: a row per run and stage, the oldest first."""
    return ctx.store.data("baselines", "history.jsonl")


def history(ctx: Context) -> list[dict[str, Any]]:
    """The accepted runs with this one at the end; without it again where it equals the last. No commit, no clock."""
    known: list[dict[str, Any]] = read_lines(history_path(ctx))
    last = max((row["run"] for row in known), default=0)
    now = [_accepted(ctx, stage) for stage in STAGES]
    if [row for row in known if row["run"] == last] == [{"run": last, **row} for row in now]:
        return known
    return [*known, *({"run": last + 1, **row} for row in now)]


def _accepted(ctx: Context, stage: str) -> dict[str, Any]:
    """What a stage was when it was accepted: its manifest, its gate, its totals."""
    found, totals = outputs.manifest(ctx.store, stage), outputs.ledger(ctx.store, stage) or {}
    return {
        "stage": stage,
        "manifest": found.digest if found else None,
        "open": outputs.is_open(ctx.store, stage),
        "documents": totals.get("documents"),
        "tokens": totals.get("tokens"),
    }


def _refuse(ctx: Context) -> None:
    closed = [s for s in STAGES if not outputs.is_open(ctx.store, s)]
    if closed:
        raise GateClosed(f"not accepted: the gates of {', '.join(closed)} are not open for what lies there")
    stale = [s for s in STAGES if outputs.stale(ctx.store, s)]
    if stale:
        raise BadInput(f"not accepted: {', '.join(stale)} are STALE; run `make repro` first")


def _git(ctx: Context, *arguments: str) -> None:
    done = subprocess.run(["git", *arguments], cwd=ctx.root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BadInput(f"git {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")


if __name__ == "__main__":
    sys.exit(main())
