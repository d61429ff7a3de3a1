"""`python -m pipelines.accept`: make this run the baseline, as files in git.

Commits params.yaml, dvc.lock, the ledgers, the verdicts and the funnel, the machine limits that extraction met, and a
line per stage in the history of accepted runs, which the report draws; nothing else under data/.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines import context, outputs
from pipelines.compare.sides import NOW, side
from pipelines.context import Context
from pipelines.entry import guarded, set_environment
from pipelines.errors import BadInput, GateClosed
from pipelines.files import read_lines, text_of, write_lines, write_text
from pipelines.locks import Lock
from pipelines.outputs import STAGES
from pipelines.stage import changed_keys
from pipelines.store import ROOT
from stages.params import BadParams, Params, parse

MACHINE = ("engine_crashed", "engine_timeout", "engine_memory")
AGAIN = "run `make repro` first"


def main(argv: Sequence[str] | None = None) -> int:
    """Commit the baseline. Refuses during a run, and while a gate is closed or a stage is stale."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    message = " ".join(arguments) or "Accept this run as the baseline"
    set_environment(ROOT)

    def work() -> None:
        with Lock(ROOT / ".run" / "run.lock"):
            print("accepted: " + ", ".join(accept(context.load(), message)))

    return guarded("accept", work, status=False)  # the status is that of the run, which may be under way


def accept(ctx: Context, message: str) -> list[str]:
    """Commit the baseline and return its paths. What git refuses leaves limits and history as they were.

    Raises GateClosed and BadInput.
    """
    _refuse(ctx)
    with _kept_unless_done(limits_path(ctx), history_path(ctx)):
        limits = machine_limits(ctx)
        if limits:  # no limit met: the file stays as it is, so that nothing that depends on it moves
            write_lines(limits_path(ctx), limits)
        write_lines(history_path(ctx), history(ctx))
        paths = ["params.yaml", "dvc.lock"]
        paths += [*(f"data/{s}/ledger.json" for s in STAGES), *(f"data/gates/{s}.json" for s in STAGES)]
        paths += ["data/inputs/machine_limits.jsonl", "data/baselines/history.jsonl"]
        paths += ["data/reports/funnel.csv"] * (ctx.root / "data/reports/funnel.csv").is_file()
        _commit(ctx, message, paths)
    return paths


@contextmanager
def _kept_unless_done(*paths: Path) -> Iterator[None]:
    """Put files back as they were where the block does not end well: what was not accepted must not say so."""
    before = {path: text_of(path) if path.is_file() else None for path in paths}
    try:
        yield
    except BaseException:
        for path, text in before.items():
            path.unlink(missing_ok=True) if text is None else write_text(path, text)
        raise


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
    found, totals = outputs.manifest(ctx.store, stage), outputs.ledger(ctx.store, stage)
    return {
        "stage": stage,
        "manifest": found.digest if found else None,
        "open": outputs.is_open(ctx.store, stage),
        "documents": totals["documents"],
        "tokens": totals["tokens"],
    }


def _refuse(ctx: Context) -> None:
    closed = [s for s in STAGES if not outputs.is_open(ctx.store, s)]
    if closed:
        raise GateClosed(f"not accepted: the gates of {', '.join(closed)} are not open for what lies there")
    torn = [s for s in STAGES if not _is_ledger(outputs.ledger(ctx.store, s))]
    if torn:
        names = ", ".join(f"data/{s}/ledger.json" for s in torn)
        raise BadInput(f"not accepted: {names}: missing, or no ledger; {AGAIN}")
    stale = [s for s in STAGES if outputs.stale(ctx.store, s)]
    if stale:
        raise BadInput(f"not accepted: {', '.join(stale)} are STALE; {AGAIN}")
    _refuse_edits(ctx)


def _is_ledger(found: Any) -> bool:
    """Whether it says what the history and the next comparison take from it."""
    return isinstance(found, dict) and all(isinstance(found.get(k), dict) for k in ("documents", "tokens", "parents"))


def _refuse_edits(ctx: Context) -> None:
    """A baseline whose params.yaml says other than its dvc.lock would not make itself again."""
    now = side(ctx.root, NOW)
    if missing := now.unrecorded:
        raise BadInput(f"not accepted: dvc.lock: holds no run of {', '.join(missing)}; {AGAIN}")
    if _parsed(now.params) != ctx.params:  # as types: 1.0 and 1, yes and true are no edit
        edits = ", ".join(changed_keys(now.params, now.written))
        raise BadInput(f"not accepted: params.yaml was edited after the run: {edits}; {AGAIN}, or take the edit back")


def _parsed(values: Any) -> Params | None:
    """As types; null where the run was made by a release whose params were others."""
    try:
        return parse(values)
    except BadParams:
        return None


def _commit(ctx: Context, message: str, paths: Sequence[str]) -> None:
    try:
        _git(ctx, "add", "-f", "--", *paths)
        _git(ctx, "commit", "-q", "-m", message, "--", *paths)
    except BaseException:  # nor may the next commit take what stands in git's index
        subprocess.run(["git", "reset", "-q", "--", *paths], cwd=ctx.root, capture_output=True, check=False)
        raise


def _git(ctx: Context, *arguments: str) -> None:
    done = subprocess.run(["git", *arguments], cwd=ctx.root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BadInput(f"git {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")


if __name__ == "__main__":
    sys.exit(main())
