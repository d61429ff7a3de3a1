"""kill -9 at random moments, ten times in a row, then one clean run: the same manifests, finished shards not redone."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

VICTIMS = ("pipelines.run", "dvc repro", "-m pipelines.", "ray::", "raylet/raylet", "gcs_server", "spawn_main")


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


@pytest.mark.parametrize("executor", ["ray", "inprocess"])
def test_ten_kills_then_one_clean_run(checkout, pipeline, executor: str) -> None:
    dice = random.Random(executor)
    checkout.params(lambda raw: raw["run"].update(executor=executor, workers=2))
    told = []
    for _ in range(10):
        victim, pause = dice.choice(VICTIMS), dice.uniform(1, 9)
        before = receipts(checkout.root)
        run = checkout.start("pipelines.run")
        end = time.monotonic() + pause
        while time.monotonic() < end and run.poll() is None:
            time.sleep(0.1)
        hit = [p for p, command in descendants(run.pid).items() if victim in command] if run.poll() is None else []
        for pid in hit[:1]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        code = run.wait(120)
        after = receipts(checkout.root)
        redone = [p for p, t in before.items() if p in after and after[p] != t]
        told.append((victim, round(pause, 1), bool(hit), code, len(after)))
        assert not redone, (victim, redone)
    print("\nvictim, seconds, hit, exit code, receipts:", *told, sep="\n")
    done = checkout.call("pipelines.run", timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert checkout.manifests() == pipeline.manifests()
