"""Accepting: a row per stage in the history, once per state, without a clock or a commit in it; all or nothing."""

import json
import subprocess

import pytest
import yaml

from pipelines import accept, outputs
from pipelines.errors import BAD_INPUT, LOCKED
from pipelines.files import write_lines
from pipelines.locks import Lock
from pipelines.outputs import STAGES

LISTED = {"extract": ["extract", "input.sample", "input.takedowns"], "mix": ["mix", "input.takedowns"]}


def test_an_accepted_run_is_a_row_per_stage(pipeline):
    rows = accept.history(pipeline.context())
    assert [(row["run"], row["stage"], row["open"]) for row in rows] == [(1, stage, True) for stage in STAGES]
    ledger = pipeline.ledger("quality")
    assert (rows[1]["documents"], rows[1]["tokens"]) == (ledger["documents"], ledger["tokens"])
    assert rows[1]["manifest"] == outputs.manifest(pipeline.context().store, "quality").digest


def test_the_same_state_is_kept_once_and_another_one_behind_it(fresh):
    ctx = fresh.context()
    write_lines(accept.history_path(ctx), accept.history(ctx))
    assert accept.history(ctx) == accept.history(ctx)
    assert {row["run"] for row in accept.history(ctx)} == {1}
    fresh.raw["quality"]["signals"]["word_count"]["min"] = 100
    fresh.run("quality")
    rows = accept.history(fresh.context())
    assert [row["run"] for row in rows] == [1] * 5 + [2] * 5
    assert rows[6]["documents"]["kept"] < rows[1]["documents"]["kept"]


def git(pipeline, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=pipeline.root, check=True, capture_output=True, text=True)
    return done.stdout


def write_params(pipeline) -> None:
    (pipeline.root / "params.yaml").write_text(yaml.safe_dump(pipeline.raw, sort_keys=False))


def write_lock(pipeline) -> None:
    """dvc.lock of a run with these params."""
    stages: dict = {}
    for stage in STAGES:
        keys = {key: key.split(".") for key in LISTED.get(stage, [stage])}
        given = {k: pipeline.raw[p[0]] if len(p) == 1 else pipeline.raw[p[0]][p[1]] for k, p in keys.items()}
        stages[stage] = {"cmd": "x", "params": {"params.yaml": given}}
        gate = {f"gates.{stage}": pipeline.raw["gates"][stage]}
        stages[f"gate_{stage}"] = {"cmd": "x", "params": {"params.yaml": gate}}
    (pipeline.root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))


@pytest.fixture
def finished(fresh, monkeypatch):
    """The sample, run with a bound that git does not know yet."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "test")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "test@example.org")
    write_params(fresh)
    (fresh.root / "data/inputs/machine_limits.jsonl").write_text("")
    git(fresh, "init", "-q")
    git(fresh, "add", "params.yaml")
    git(fresh, "commit", "-q", "-m", "start")
    fresh.raw["quality"]["signals"]["word_count"]["min"] = 80
    fresh.run()
    write_params(fresh)
    write_lock(fresh)
    return fresh


@pytest.fixture
def call(finished, monkeypatch):
    """The command in the sample's folder: its exit code."""
    monkeypatch.setattr(accept, "ROOT", finished.root)
    monkeypatch.setattr(accept.context, "load", finished.context)
    return lambda: accept.main(["first"])


def untouched(pipeline) -> bool:
    """Whether neither history nor git knows of a run."""
    gone = not accept.history_path(pipeline.context()).exists()
    return gone and git(pipeline, "log", "--format=%s").split() == ["start"] and not git(pipeline, "diff", "--cached")


def test_the_recipe_is_committed_with_what_it_made(finished, call):
    assert call() == 0
    raw = yaml.safe_load(git(finished, "show", "HEAD:params.yaml"))
    assert raw["quality"]["signals"]["word_count"]["min"] == 80
    assert git(finished, "log", "--format=%s").split() == ["first", "start"]
    rows = [json.loads(line) for line in git(finished, "show", "HEAD:data/baselines/history.jsonl").splitlines()]
    assert {row["run"] for row in rows} == {1}
    assert git(finished, "show", "HEAD:dvc.lock") == (finished.root / "dvc.lock").read_text()


def test_an_edit_that_was_never_run_is_refused(finished, call, capsys):
    finished.raw["quality"]["signals"]["word_count"]["min"] = 90
    write_params(finished)
    assert call() == BAD_INPUT
    assert "params.yaml was edited after the run: quality.signals.word_count.min: 80 -> 90" in capsys.readouterr().err
    assert untouched(finished)


def test_another_spelling_is_no_edit(finished, call):
    finished.raw["toxicity"]["report_only"] = "yes"
    finished.raw["quality"]["min_language_score"] = "0.5"
    write_params(finished)
    assert call() == 0


@pytest.mark.parametrize("lock", [None, "schema: '2.0'\nstages: {extract: {cmd: x}}\n"], ids=["none", "one stage"])
def test_a_run_that_dvc_does_not_know_is_refused(finished, call, capsys, lock):
    path = finished.root / "dvc.lock"
    path.unlink() if lock is None else path.write_text(lock)
    assert call() == BAD_INPUT
    assert "dvc.lock: holds no run of" in capsys.readouterr().err
    assert untouched(finished)


@pytest.mark.parametrize("torn", [None, "{", "{}", "[]"], ids=["none", "torn", "empty", "list"])
def test_a_ledger_that_is_missing_or_torn_is_refused(finished, call, capsys, torn):
    path = finished.context().store.data("dedup", "ledger.json")
    path.unlink() if torn is None else path.write_text(torn)
    assert call() == BAD_INPUT
    assert "data/dedup/ledger.json: missing, or no ledger" in capsys.readouterr().err
    assert untouched(finished)


def test_nothing_is_accepted_during_a_run(finished, call, capsys):
    status = finished.root / ".run/status.json"
    status.write_text("{}")
    with Lock(finished.root / ".run/run.lock"):
        assert call() == LOCKED
    assert "held by process" in capsys.readouterr().err
    assert untouched(finished)
    assert status.read_text() == "{}", "the status is that of the run"
    assert call() == 0


@pytest.mark.parametrize("known", [None, '{"run": 1, "stage": "extract"}\n'], ids=["first", "later"])
def test_what_git_refuses_is_not_in_the_history(finished, call, capsys, known):
    path = accept.history_path(finished.context())
    if known:
        path.parent.mkdir(parents=True)
        path.write_text(known)
    hook = finished.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    assert call() == BAD_INPUT
    assert "git commit: not today" in capsys.readouterr().err
    assert (path.read_text() if path.exists() else None) == known
    assert not git(finished, "diff", "--cached"), "nor does the next commit take it along"
    hook.unlink()
    assert call() == 0
    assert git(finished, "log", "--format=%s").split() == ["first", "start"]
