"""Two accepted states through the real DVC: `dvc metrics diff` and `dvc plots diff` show one funnel, and so do we."""

import json

import pytest

pytestmark = pytest.mark.slow


def test_dvc_and_diff_tell_the_same(checkout) -> None:
    ended(checkout.call("pipelines.run"))
    ended(checkout.call("pipelines.accept", "first"))
    first = {stage: ledger(checkout, stage) for stage in ("quality", "mix")}
    assert "data/reports/funnel.csv" in checkout.git("ls-files")
    checkout.params(lambda raw: raw["quality"]["signals"]["word_count"].update(min=220))
    checkout.params(lambda raw: raw["gates"]["quality"].update(reject_rate={"max": 1.0}))
    ended(checkout.call("pipelines.run"))
    now = {stage: ledger(checkout, stage) for stage in ("quality", "mix")}
    assert now["mix"] < first["mix"]
    _metrics(checkout, first, now)
    _plots(checkout, first, now)
    _diff(checkout, first, now)


def ended(done) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ledger(checkout, stage: str) -> int:
    return json.loads((checkout.root / "data" / stage / "ledger.json").read_text())["documents"]["kept"]


def _metrics(checkout, first: dict, now: dict) -> None:
    found = json.loads(ended(checkout.call("dvc", "metrics", "diff", "--json")))
    for stage in first:
        moved = found[f"data/{stage}/ledger.json"]["documents.kept"]
        assert (moved["old"], moved["new"]) == (first[stage], now[stage])


def _plots(checkout, first: dict, now: dict) -> None:
    found = json.loads(ended(checkout.call("dvc", "plots", "diff", "--json", "HEAD", "workspace")))
    text = json.dumps(found)
    assert "bar_horizontal" in text or "bar" in text
    points = {(row["rev"], row["step"]): int(row["documents"]) for row in _rows(found) if "documents" in row}
    for stage in first:
        assert points["HEAD", stage] == first[stage]
        assert points["workspace", stage] == now[stage]


def _rows(value: object) -> list[dict]:
    """Every data point, however deep it lies in what dvc prints."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return _rows(json.loads(value))
    if isinstance(value, dict):
        own = [value] if {"rev", "step"} <= set(value) else []
        return own + [row for inner in value.values() for row in _rows(inner)]
    return [row for inner in value for row in _rows(inner)] if isinstance(value, list) else []


def _diff(checkout, first: dict, now: dict) -> None:
    shown = ended(checkout.call("pipelines.diff"))
    assert "by documents" in shown
    found = json.loads((checkout.root / "data/reports/diff/diff.json").read_text())
    release = next(step for step in found["funnel"] if step["stage"] == "mix")
    assert [side["kept"] for side in release["documents"]] == [first["mix"], now["mix"]]
    entered, left = (found["release"][n]["documents"] for n in ("entered", "left"))
    assert entered - left == now["mix"] - first["mix"]
    assert "quality.signals.word_count.min: 50 -> 220" in found["recipe"]
    ended(checkout.call("pipelines.slice", "word_count_below", "--share", "1", "--out", ".run/slice"))
    ended(checkout.call("pipelines.card", "--out", ".run/release"))
    assert checkout.call("pipelines.diff", "nowhere").returncode == 12
