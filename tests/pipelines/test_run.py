"""The command line as make and schedulers use it: exit codes, status, locks, signals, kills. Real DVC, real Ray."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pipelines import run
from pipelines.errors import Interrupted

pytestmark = pytest.mark.timeout(900)  # several whole runs in a row, on machines that do other things too
WAIT = 120.0


def status(checkout) -> dict:
    return json.loads((checkout.root / ".run/status.json").read_text())


def until(condition, what: str, seconds: float = WAIT) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def processes(root: Path) -> dict[int, str]:
    """Living processes that work in a checkout, by pid."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                command = (entry / "cmdline").read_text().replace("\0", " ")
                where = str((entry / "cwd").readlink())
            except OSError:
                continue
            if state != "Z" and (where == str(root) or str(root) in command):
                found[int(entry.name)] = command
    return found


def gone(root: Path) -> bool:
    return not processes(root)


def kill(root: Path, part: str) -> bool:
    """kill -9 one living process whose command line has `part`."""
    for pid, command in processes(root).items():
        if part in command:
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def executed(checkout) -> list[dict]:
    path = checkout.root / ".run/progress.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_run_ends_with_0_and_a_second_has_nothing_to_do(checkout, pipeline) -> None:
    first = checkout.call("pipelines.run")
    assert first.returncode == 0, first.stdout + first.stderr
    assert status(checkout)["code"] == 0
    assert "report: data/reports/index.html" in first.stdout
    assert (checkout.root / "data/reports/index.html").is_file()
    assert checkout.manifests() == pipeline.manifests(), "DVC and its processes change nothing"
    lines = len(executed(checkout))
    assert checkout.call("pipelines.run").returncode == 0
    assert len(executed(checkout)) == lines
    assert "nothing to do" in checkout.call("pipelines.plan").stdout
    _verifies(checkout)
    _explains(checkout)
    _accepts(checkout)
    _goes_back_and_forth(checkout)


def _verifies(checkout) -> None:
    """What changed under its old mtime is unseen by dvc; --verify finds it, and makes this shard again."""
    path = sorted((checkout.root / "data/mix/documents").glob("*.parquet"))[0]
    stat, good = path.stat(), path.read_bytes()
    path.write_bytes(good[:-8] + bytes(8))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    lines = len(executed(checkout))
    done = checkout.call("pipelines.run", "--verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert path.read_bytes() == good
    assert [(row["stage"], row["family"]) for row in executed(checkout)[lines:]] == [("mix", "documents")]


def _accepts(checkout) -> None:
    """The baseline is in git, and accepting it moves nothing."""
    _accept(checkout, "first baseline")
    assert "data/mix/ledger.json" in checkout.git("show", "--stat=200", "HEAD")
    assert checkout.git("status", "--porcelain") == ""
    assert checkout.call("pipelines.run").returncode == 0
    assert checkout.git("status", "--porcelain") == ""


def _accept(checkout, message: str) -> None:
    who = {"GIT_AUTHOR_NAME": "test", "GIT_COMMITTER_NAME": "test"}
    mail = {"GIT_AUTHOR_EMAIL": "test@example.org", "GIT_COMMITTER_EMAIL": "test@example.org"}
    done = checkout.call("pipelines.accept", message, **who, **mail)
    assert done.returncode == 0, done.stderr


def _explains(checkout) -> None:
    shown = checkout.call("pipelines.explain", "https://nowhere.example/")
    assert shown.returncode == 12
    decisions = json.loads((checkout.root / "data/sample/expected.json").read_text())
    url = next(u for u, fate in decisions.items() if fate.get("reason") == "near_duplicate")
    shown = checkout.call("pipelines.explain", url)
    assert "REJECTED near_duplicate" in shown.stdout
    assert "kept twin" in shown.stdout


def _goes_back_and_forth(checkout) -> None:
    """git checkout of an older revision and back, with dvc checkout: everything fits, nothing runs."""
    old = checkout.manifests()
    checkout.params(lambda raw: raw["quality"]["signals"]["word_count"].update(min=120))
    planned = checkout.call("pipelines.plan").stdout
    assert "params" in planned
    assert "decisions" in planned
    _marks_what_is_of_an_earlier_run(checkout)
    assert checkout.call("pipelines.run").returncode == 0
    checkout.git("commit", "-q", "-m", "a stricter bound", "params.yaml")
    _accept(checkout, "second baseline")
    new = checkout.manifests()
    assert new != old
    for revision, manifests in (("HEAD~2", old), ("-", new)):
        checkout.git("checkout", "-q", revision)
        lines = len(executed(checkout))
        assert checkout.call("dvc", "checkout", "-q").returncode in (0, 1)
        assert checkout.call("pipelines.run").returncode == 0
        assert checkout.manifests() == manifests
        assert len(executed(checkout)) == lines, "a revision that was run before is not run again"


def _marks_what_is_of_an_earlier_run(checkout) -> None:
    shown = checkout.call("pipelines.run", "gate_quality").stdout
    marked = dict(re.findall(r"^(\w+) .*STALE: made from an earlier state of (.*)$", shown, re.MULTILINE))
    assert marked == {"dedup": "quality", "toxicity": "quality", "mix": "quality"}
    assert "\nreport: " not in shown
    assert "no report of this yet" in shown


def test_a_target_that_is_no_stage_is_bad_input(checkout) -> None:
    done = checkout.call("pipelines.run", "gate_extract", "gate_qualiti")
    assert done.returncode == 12, done.stdout + done.stderr
    assert "dvc.yaml: no stage 'gate_qualiti'; did you mean 'gate_quality'?" in done.stderr
    assert status(checkout)["code"] == 12
    assert not executed(checkout)


@pytest.fixture
def outside(empty, tmp_path: Path, monkeypatch):
    """A pipeline with its tables outside, and what each run asked of dvc; instead of dvc, extract runs when forced."""
    empty.raw["run"]["store"] = str(tmp_path / "store")
    empty.raw["input"]["warcs"] = [f"data/sample/{min(p.name for p in (empty.root / 'data/sample').glob('*.warc.gz'))}"]
    asked: list[bool] = []

    def repro(ctx, targets, *, force: bool) -> None:
        asked.append(force)
        if force:
            empty.run(upto="extract")

    monkeypatch.setattr(run, "_repro", repro)
    return empty, asked


def forced(outside, *targets: str) -> bool:
    """Whether a run now has every stage look at its tables."""
    run._run(outside[0].context(), targets, verify=False)
    return outside[1][-1]


def table(where: Path) -> Path:
    (path,) = (where / "extract/documents").glob("*.parquet")
    return path


def test_tables_outside_that_are_gone_or_damaged_are_made_again(outside, tmp_path: Path) -> None:
    assert forced(outside), "of the first run nothing is known"
    assert not forced(outside)
    path = table(tmp_path / "store")
    good = path.read_bytes()
    path.unlink()
    assert forced(outside, "extract")
    assert path.read_bytes() == good
    assert forced(outside), "a run up to a stage has not looked at those that follow"
    assert not forced(outside)
    path.write_bytes(good[:-8] + bytes(8))
    assert forced(outside)
    assert path.read_bytes() == good
    assert not forced(outside)


def test_a_run_that_was_killed_has_not_looked(outside, tmp_path: Path, monkeypatch) -> None:
    """On its way to another store it may have replaced manifests, whatever stands where the last whole run ended."""
    assert forced(outside)
    works, here = run._repro, outside[0].raw["run"]["store"]
    outside[0].raw["run"]["store"] = str(tmp_path / "other")
    monkeypatch.setattr(run, "_repro", killed)
    with pytest.raises(Interrupted):
        forced(outside)
    outside[0].raw["run"]["store"] = here
    monkeypatch.setattr(run, "_repro", works)
    assert forced(outside)
    assert not forced(outside)


def killed(ctx, targets, *, force: bool) -> None:
    raise Interrupted("interrupted")


def test_another_store_is_filled(outside, tmp_path: Path) -> None:
    assert forced(outside)
    for where in (str(tmp_path / "other"), "data"):
        outside[0].raw["run"]["store"] = where
        assert forced(outside)
        assert table((outside[0].root / where).resolve()).is_file()
        assert not forced(outside)


def test_tables_under_data_are_left_to_dvc(outside) -> None:
    outside[0].raw["run"]["store"] = "data"
    assert not forced(outside)
    assert not forced(outside, "extract")


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda raw: raw["dedup"].update(treshold=1), 12, "dedup.treshold: unknown key; did you mean 'threshold'?"),
        (lambda raw: raw["input"].update(warcs="none/*.warc.gz"), 12, "input.warcs: 'none/*.warc.gz' matches no file"),
        (lambda raw: raw["gates"]["extract"].update(min_rows=1000), 10, "gates.extract.min_rows"),
    ],
)
def test_exit_codes_and_status_say_the_same(checkout, change, code: int, said: str) -> None:
    checkout.params(change)
    done = checkout.call("pipelines.run")
    assert done.returncode == code, done.stdout + done.stderr
    assert status(checkout)["code"] == code
    assert said in status(checkout)["message"]
    assert said in done.stderr


def test_two_runs_at_once(checkout) -> None:
    first = checkout.start("pipelines.run")
    until(
        lambda: (checkout.root / ".run/run.lock").exists() and (checkout.root / ".run/run.lock").read_text(), "the lock"
    )
    second = checkout.call("pipelines.run", timeout=60)
    assert second.returncode == 13
    assert f"held by process {first.pid} on " in second.stderr
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 130
    assert status(checkout)["code"] == 130
    until(lambda: gone(checkout.root), "every process to end", 30)


def test_a_dead_ray_address_is_told_within_seconds(checkout) -> None:
    began = time.monotonic()
    done = checkout.call("pipelines.run", RAY_ADDRESS="127.0.0.1:1")
    assert done.returncode == 14, done.stderr
    assert "RAY_ADDRESS 127.0.0.1:1: nobody answers there" in done.stderr
    assert time.monotonic() - began < 60


def on_ray(raw: dict) -> None:
    raw["run"].update(executor="ray", workers=2)


@pytest.mark.parametrize("victim", ["stage", "worker", "raylet", "run"])
def test_kill_9_then_one_clean_run_gives_the_same(checkout, pipeline, victim: str) -> None:
    checkout.params(on_ray)
    _killed(checkout, victim, after=lambda: any(r["family"] == "records" for r in executed(checkout)))
    before = {p: p.stat().st_mtime_ns for p in (checkout.root / "data").rglob("receipts/**/*.json")}
    done = checkout.call("pipelines.run", "gate_extract")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (checkout.root / "data/extract/manifest.jsonl").read_text() == pipeline.manifests()["extract"]
    assert before, "something was finished before the kill"
    assert all(p.stat().st_mtime_ns == t for p, t in before.items() if p.exists()), "finished shards are not redone"
    until(lambda: gone(checkout.root), "every process to end", 30)


def _killed(checkout, victim: str, after) -> int:
    """Start a run, kill one of its processes once `after` holds, and wait until nothing of it is left."""
    pattern = {"stage": "pipelines.extract", "worker": "ray::", "raylet": "raylet/raylet", "run": "pipelines.run"}[
        victim
    ]
    run = checkout.start("pipelines.run", "gate_extract", PYTHONUNBUFFERED="1")
    until(lambda: after() or run.poll() is not None, "the moment to kill")
    until(lambda: _kill(checkout, run, pattern) or run.poll() is not None, f"a {victim} to kill", 60)
    try:
        code = run.wait(240)  # a killed server in the making costs a second start, on a machine with other work
    finally:
        if run.poll() is None:
            run.kill()
    until(lambda: gone(checkout.root), "every process to end", 45)
    return code


def _kill(checkout, run: "subprocess.Popen[str]", pattern: str) -> bool:
    if pattern == "pipelines.run":
        run.kill()
        return True
    return kill(checkout.root, pattern) or _kill_descendant(run.pid, pattern)


def _kill_descendant(root: int, pattern: str) -> bool:
    for pid in _descendants(root):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if pattern in command and "IDLE" not in command:
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def _descendants(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                ppid = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(ppid, []).append(int(entry.name))
    out, todo = [], [root]
    while todo:
        children = parents.get(todo.pop(), [])
        out += children
        todo += children
    return out


def test_dvc_repro_alone_works(checkout, pipeline) -> None:
    done = checkout.call("dvc", "repro")
    assert done.returncode == 0, done.stdout + done.stderr
    assert checkout.manifests() == pipeline.manifests()


def test_locks_of_the_dead_do_not_hold_up_the_living(tmp_path: Path) -> None:
    from pipelines.run import _forget_the_dead

    zombie = subprocess.Popen(["true"])
    until(lambda: "Z" in Path(f"/proc/{zombie.pid}/stat").read_text(), "a zombie")
    path = tmp_path / ".dvc/tmp/rwlock"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"read": {"a": [{"pid": zombie.pid, "cmd": "dvc repro"}]}, "write": {}}))
    _forget_the_dead(tmp_path)
    assert not path.exists()
    path.write_text(json.dumps({"write": {"a": {"pid": os.getpid(), "cmd": "dvc repro"}}}))
    _forget_the_dead(tmp_path)
    assert path.exists(), "a living holder keeps its lock"
    zombie.wait()
