"""`python -m pipelines.run`: what make and schedulers call. Holds the lock, keeps the cluster, calls `dvc repro`.

The exit code says how it ended (pipelines/errors.py); `.run/status.json` says the same with a sentence.
"""

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from pipelines import STAGES, context, manifests
from pipelines.cluster import Keeper, die_with_parent, workers_of
from pipelines.context import Context
from pipelines.entry import ended, guarded, read_status, set_environment, write_status
from pipelines.errors import DONE, INFRASTRUCTURE, SHARD_FAILED, BadInput, Stop
from pipelines.files import read_json, text_of, write_json
from pipelines.locks import Lock
from pipelines.store import ROOT, Store
from stages.params import nearest

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
            _check(ctx.root, args.targets)
            os.environ.update(_said(args))
            write_status(ROOT, "run", None, "running")
            _run(ctx, args.targets, verify=args.verify)
            write_status(ROOT, "run", DONE, "done")
            print(_summary(ctx))

    return guarded("run", run)


def _said(args: argparse.Namespace) -> dict[str, str]:
    flags = {"SLUICEGATE_PRUNE": args.prune, "SLUICEGATE_VERIFY": args.verify}
    return {"SLUICEGATE_RUN": str(os.getpid())} | {name: "1" for name, on in flags.items() if on}


def _check(root: Path, targets: Sequence[str]) -> None:
    """Raise BadInput for a target that is no stage."""
    if targets:
        known = list(_yaml(root / "dvc.yaml")["stages"])
        for name in targets:
            if name not in known:
                raise BadInput(f"dvc.yaml: no stage {name!r}{nearest(name, known)}")


def _yaml(path: Path) -> Any:
    return yaml.load(text_of(path), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _run(ctx: Context, targets: Sequence[str], *, verify: bool) -> None:
    """Call dvc. What it cannot see, every stage looks for itself: then it starts all of them, and receipts decide.

    That is content under an old mtime (`verify`), tables outside data/, and that run.store names another place.
    """
    path = ctx.run_dir / "tables.json"
    noted = read_json(path)
    moved = ctx.store.named_by_digest if noted is None else noted != _tables(ctx.store)
    if moved:
        write_json(path, {})  # until every stage has looked: a run may be killed
        print(f"{ctx.store.tables} is not as the last whole run left it: every stage looks at its tables", flush=True)
    _repro(ctx, targets, force=moved or verify)
    if not moved or not targets:
        write_json(path, _tables(ctx.store))


def _tables(store: Store) -> dict[str, str]:
    """Where tables lie and, where dvc does not track them, a digest of size and mtime of all that manifests name."""
    files = hashlib.sha256()
    for stage in (*STAGES, "reports") if store.named_by_digest else ():
        for ref in manifests.every_ref(store, stage):
            path = store.path(ref)
            files.update(f"{path} {_stamp(path)}\n".encode())
    return {"store": os.path.relpath(store.tables, store.root), "files": files.hexdigest()}


def _stamp(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError:
        return "gone"
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _forget_the_dead(root: Path) -> None:
    """Drop dvc's own lock entries where all who hold them have ended: it takes a zombie for a living process."""
    path = root / ".dvc" / "tmp" / "rwlock"
    held = read_json(path) or {}
    readers = [one for holders in held.get("read", {}).values() for one in holders]
    pids = {str(one.get("pid")) for one in (*readers, *held.get("write", {}).values())}
    if pids and all(map(ended, pids)):
        path.unlink(missing_ok=True)


def _repro(ctx: Context, targets: Sequence[str], *, force: bool) -> None:
    _forget_the_dead(ctx.root)
    keeper = Keeper(ctx.run_dir, workers_of(ctx))
    child = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", *(["--force"] if force else []), *targets],
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
    head = f"{'stage':<10}{'in':>10}{'kept':>10}{'tokens kept':>14}  most frequent reasons"
    page = ctx.store.data("reports", "index.html")
    shown = page.is_file() and _reported(ctx.root)
    last = f"report: {page.relative_to(ctx.root)}" if shown else "no report of this yet: `make repro` builds it"
    return "\n".join([head, *(_line(ctx.store, stage) for stage in STAGES), last])


def _line(store: Store, stage: str) -> str:
    """A stage's line of the funnel; marked where it is of an earlier run, as a run up to a target leaves it."""
    ledger = read_json(store.data(stage, "ledger.json"))
    if ledger is None:
        return f"{stage:<10}{'not run':>10}"
    documents, tokens, reasons = ledger["documents"], ledger["tokens"], ledger["reasons"]
    counts = {name: tally["documents"] for name, tally in reasons.items()}
    top = ", ".join(f"{r} {n}" for r, n in sorted(counts.items(), key=lambda rn: (-rn[1], rn[0]))[:3])
    moved = manifests.stale(store, stage)
    last = f"STALE: made from an earlier state of {', '.join(moved)}" if moved else top
    return f"{stage:<10}{documents['in']:>10}{documents['kept']:>10}{tokens['kept']:>14}  {last}"


def _reported(root: Path) -> bool:
    """Whether the report was made from what lies there now, by the digests that dvc noted of what it read."""
    lock = _yaml(root / "dvc.lock") if (root / "dvc.lock").is_file() else {}
    report = lock.get("stages", {}).get("report", {"deps": ()})
    read = [(root / dep["path"], dep.get("md5")) for dep in report["deps"] if dep["path"].startswith("data/")]
    return bool(read) and all(_md5(path) == md5 for path, md5 in read)


def _md5(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
