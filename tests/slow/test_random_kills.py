"""kill -9 at random moments, ten times in a row, then one clean run: the same manifests, finished shards not redone."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

VICTIMS = {
    "ray": ("pipelines.run", "dvc repro", "stage", "ray::", "raylet/raylet", "gcs_server", "sandbox"),
    "inprocess": ("pipelines.run", "dvc repro", "stage", "sandbox"),
}
HITS, RUNS = 10, 30


def receipts(root: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in (root / "data").rglob("receipts/**/*.json")}


def descendants(pid: int) -> dict[int, str]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents.setdefault(int((entry / "stat").read_text().rpartition(")")[2].split()[1]), []).append(
                    int(entry.name)
                )
            except OSError:
                continue
    out, todo = {}, [pid]
    while todo:
        one = todo.pop()
        todo += parents.get(one, [])
        try:
            out[one] = Path(f"/proc/{one}/cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return out


def victims(run: int, name: str) -> list[int]:
    """Pids of a run's processes of a kind."""
    if name == "stage":
        return [p for p, c in descendants(run).items() if "-m pipelines." in c and "pipelines.run" not in c]
    return [p for p, command in descendants(run).items() if name in command]


def strike(run: "subprocess.Popen[str]", name: str, pause: float) -> bool:
    """Wait, then kill one process of a kind as soon as there is one. False where the run ended before."""
    end = time.monotonic() + pause
    while run.poll() is None:
        for pid in victims(run.pid, name) if time.monotonic() >= end else ():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("executor", ["ray", "inprocess"])
def test_ten_kills_then_one_clean_run(checkout, pipeline, executor: str) -> None:
    """A run that nobody hit ends with 0; one that was hit ends as killed, in 14, or survives."""
    dice = random.Random(executor)
    checkout.params(lambda raw: raw["run"].update(executor=executor, workers=2))
    told, hits = [], 0
    print("\nvictim, seconds, hit, exit code, receipts, message:")
    while hits < HITS:
        assert len(told) < RUNS, "runs end before they can be hit"
        victim, pause = dice.choice(VICTIMS[executor]), dice.uniform(0.5, 12)
        before = receipts(checkout.root)
        run = checkout.start("pipelines.run")
        hit = strike(run, victim, pause)
        code = run.wait(900)
        after = receipts(checkout.root)
        message = json.loads((checkout.root / ".run/status.json").read_text())["message"]
        told.append((victim, round(pause, 1), hit, code, len(after), message[:120] if code else ""))
        print(told[-1], flush=True)
        assert not [p for p, t in before.items() if p in after and after[p] != t], "finished shards were redone"
        assert code in ((0, 14, -signal.SIGKILL) if hit else (0,)), told[-1]
        hits += hit
        if code == 0:  # nothing is left to be hit: some of it has to be done again
            shutil.rmtree(checkout.root / "data" / dice.choice(("extract", "quality", "dedup")))
    done = checkout.call("pipelines.run", timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert checkout.manifests() == pipeline.manifests()
