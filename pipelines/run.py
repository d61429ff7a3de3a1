"""`python -m pipelines.run`: what make and schedulers call. Holds the lock, keeps the cluster, calls `dvc repro`.

The exit code says how it ended (pipelines/errors.py); `.run/status.json` says the same with a sentence.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pipelines import STAGES, context
from pipelines.cluster import Keeper, die_with_parent, workers_of
from pipelines.context import Context
from pipelines.entry import ended, guarded, read_status, set_environment, write_status
from pipelines.errors import DONE, INFRASTRUCTURE, SHARD_FAILED, Stop
from pipelines.files import read_json
from pipelines.locks import Lock
from pipelines.store import ROOT

PATIENCE = 25.0  # seconds that stages get to end by themselves


class ChildFailed(Stop):
    """dvc repro ended badly; code and sentence are those of the stage that stopped it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def main(argv: Sequence[str] | None = None) -> int:
    """Run the pipeline. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.run", description=__doc__)
    parser.add_argument("targets", nargs="*", help="DVC stages to run up to; default: all")
    parser.add_argument("--prune", action="store_true", help="let more than a tenth of the shards disappear")
    parser.add_argument("--verify", action="store_true", help="check finished shards by content")
    args = parser.parse_args(argv)
    set_environment(ROOT)

    def run() -> None:
        with Lock(ROOT / ".run" / "run.lock"):
            ctx = context.load()
            os.environ.update(_said(args))
            write_status(ROOT, "run", None, "running")
            _repro(ctx, args.targets)
            write_status(ROOT, "run", DONE, "done")
            print(_summary(ctx))

    return guarded("run", run)


def _said(args: argparse.Namespace) -> dict[str, str]:
    flags = {"SLUICEGATE_PRUNE": args.prune, "SLUICEGATE_VERIFY": args.verify}
    return {"SLUICEGATE_RUN": str(os.getpid())} | {name: "1" for name, on in flags.items() if on}


def _forget_the_dead(root: Path) -> None:
    """Drop dvc's own lock entries where all who hold them have ended: it takes a zombie for a living process."""
    path = root / ".dvc" / "tmp" / "rwlock"
    held = read_json(path) or {}
    readers = [one for holders in held.get("read", {}).values() for one in holders]
    pids = {str(one.get("pid")) for one in (*readers, *held.get("write", {}).values())}
    if pids and all(map(ended, pids)):
        path.unlink(missing_ok=True)


def _repro(ctx: Context, targets: Sequence[str]) -> None:
    _forget_the_dead(ctx.root)
    keeper = Keeper(ctx.run_dir, workers_of(ctx))
    child = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", *targets],
        cwd=ctx.root,
        start_new_session=True,
        preexec_fn=die_with_parent,  # an orphan would hold dvc's lock against the next run
    )
    try:
        while child.poll() is None:
            keeper.attend()
            time.sleep(0.05)
    finally:
        _end(child)
        keeper.stop()
    if child.returncode < 0:  # we were not interrupted, so that what its stage then said is not why
        raise ChildFailed(INFRASTRUCTURE, f"dvc repro was killed by {signal.Signals(-child.returncode).name}")
    if child.returncode != 0:
        status = read_status(ctx.root)
        if status.get("run") == str(os.getpid()) and isinstance(status.get("code"), int):
            code, message = int(str(status["code"])), f"{status['stage']}: {status['message']}"
            if code == SHARD_FAILED:  # a closed gate has built the report itself
                subprocess.run([sys.executable, "-m", "pipelines.report"], cwd=ctx.root, check=False)
            raise ChildFailed(code, message)
        raise ChildFailed(
            INFRASTRUCTURE, f"dvc repro ended with {child.returncode} before a stage could say why: see above"
        )


def _end(child: subprocess.Popen[bytes]) -> None:
    """End dvc and the stage it runs: gently, then not."""
    for signum, patience in ((signal.SIGTERM, PATIENCE), (signal.SIGKILL, 5.0)):
        until = time.monotonic() + patience
        if not _signal(child.pid, signum):
            return
        while time.monotonic() < until and _signal(child.pid, 0):
            child.poll()
            time.sleep(0.05)


def _signal(group: int, signum: int) -> bool:
    """Send to every process of the group; False where none is left."""
    try:
        os.killpg(group, signum)
    except ProcessLookupError:
        return False
    return True


def _summary(ctx: Context) -> str:
    """The funnel in one line per stage, and where to look."""
    lines = [f"{'stage':<10}{'in':>10}{'kept':>10}{'tokens kept':>14}  most frequent reasons"]
    for stage in STAGES:
        ledger = read_json(ctx.store.data(stage, "ledger.json")) or {}
        documents, tokens = ledger.get("documents", {}), ledger.get("tokens", {})
        counts = {r: v["documents"] for r, v in ledger.get("reasons", {}).items()}
        top = ", ".join(f"{r} {n}" for r, n in sorted(counts.items(), key=lambda rn: (-rn[1], rn[0]))[:3])
        row = f"{stage:<10}{documents.get('in', 0):>10}{documents.get('kept', 0):>10}{tokens.get('kept', 0):>14}  {top}"
        lines.append(row)
    report = Path(os.path.relpath(ctx.store.data("reports", "index.html"), ctx.root))
    return "\n".join([*lines, f"report: {report}"])


if __name__ == "__main__":
    sys.exit(main())
