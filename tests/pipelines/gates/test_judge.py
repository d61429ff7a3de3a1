"""Verdict and files: what a gate writes, prints and raises."""

import json

import pytest

from pipelines import outputs
from pipelines.context import Context
from pipelines.errors import GateClosed
from pipelines.gates import judge
from tests.pipelines.made import SHARDS, judged, params


def context(made, **gates):
    return Context(made.store.root, params(**gates), made.store)


def read(made, suffix):
    return json.loads(outputs.gate_path(made.store, "extract", suffix).read_text())


def test_an_open_gate_names_the_manifest_it_judged(made):
    judge.judge_and_write(context(made), "extract")
    now = outputs.manifest(made.store, "extract").digest
    assert read(made, "open") == {"manifest": now}
    assert read(made, "json")["manifest"] == now
    assert outputs.is_open(made.store, "extract")


def test_a_closed_gate_says_what_it_saw_what_it_asked_and_which_key_moves_it(made):
    judge.judge_and_write(context(made), "extract")
    with pytest.raises(GateClosed) as stop:
        judge.judge_and_write(context(made, extract={"reject_rate": {"max": 0.1}}), "extract")
    message = str(stop.value)
    assert "reject_rate failed: the share of rows rejected lies in its band" in message
    assert "observed reject_rate = 0.166667; bound 0.0 to 0.1" in message
    assert "gates.extract.reject_rate in params.yaml" in message
    assert not outputs.gate_path(made.store, "extract", "open").exists()
    assert read(made, "json")["open"] is False


def test_settling_a_closed_verdict_takes_the_open_file_away(made):
    judge.settle(made.store, judged(made, "extract"))
    assert outputs.is_open(made.store, "extract")
    judge.settle(made.store, judged(made, "extract", extract={"min_rows": 99}))
    assert not outputs.gate_path(made.store, "extract", "open").exists()


def test_a_broken_law_names_rows_and_no_key(made):
    made.recount("extract", "rows", "kept", 1)
    with pytest.raises(GateClosed, match=f"1 rows at fault, the first: shard = {SHARDS[0]}, rows_in = 6, rows_out = 7"):
        judge.judge_and_write(context(made), "extract")
    [row] = [e for e in read(made, "json")["expectations"] if e["key"] == "rows_conserved"]
    assert (row["param"], row["unexpected_count"], row["outcome"]) == (None, 1, "failed")


def test_a_closed_gate_builds_the_report(made):
    with pytest.raises(GateClosed):
        judge.judge_and_write(context(made, extract={"min_rows": 99}), "extract")
    assert "gates.extract.min_rows" in made.store.data("reports", "index.html").read_text()


def test_a_report_that_fails_does_not_hide_the_verdict(made, monkeypatch, capsys):
    from pipelines.reports import build

    def broken(store, params):
        raise ZeroDivisionError("no report")

    monkeypatch.setattr(build, "build", broken)
    with pytest.raises(GateClosed, match="min_rows failed"):
        judge.judge_and_write(context(made, extract={"min_rows": 99}), "extract")
    assert "the report could not be built; the verdict stands" in capsys.readouterr().err


def test_a_stage_that_never_ran_is_closed(made):
    made.store.data("extract", "manifest.jsonl").unlink()
    with pytest.raises(GateClosed, match=r"data/extract/manifest\.jsonl is missing"):
        judge.judge_and_write(context(made), "extract")


def test_an_interrupted_judgement_leaves_no_open_gate(made, monkeypatch):
    judge.judge_and_write(context(made), "extract")
    monkeypatch.setattr(judge, "validate", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        judge.judge_and_write(context(made), "extract")
    assert not outputs.is_open(made.store, "extract")


def test_a_check_that_could_not_run_is_told_apart_and_closes(made, monkeypatch):
    from pipelines.gates import extract
    from pipelines.gates.checks import Suite, present

    odd = Suite("extract", lambda _: [present("odd", "shards", "no_such", "there is a column")], cut=())
    monkeypatch.setattr(extract, "SUITE", odd)
    verdict = judged(made, "extract")
    [found] = verdict.closing()
    assert (found.outcome, found.unexpected_count) == ("could not run", None)
    assert "no_such" in found.observed
    assert "odd could not run: there is a column" in judge.explained(verdict)


def test_the_same_evidence_gives_the_same_bytes_and_nothing_of_this_machine(made):
    def once():
        judge.settle(made.store, judged(made, "mix"))
        return outputs.gate_path(made.store, "mix", "json").read_text()

    text = once()
    assert once() == text
    assert str(made.store.root) not in text
    assert "batch" not in text
    assert set(json.loads(text)["expectations"][0]) == {
        *("key", "words", "outcome", "success", "severity", "frame", "type", "columns"),
        *("kwargs", "bound", "observed", "unexpected_count", "param"),
    }


def test_details_never_reach_the_verdict(made):
    import polars as pl

    made.bend("extract/decisions", detail=pl.lit("jane@example.com " * 20))
    made.write("extract")
    judge.settle(made.store, judged(made, "extract"))
    text = outputs.gate_path(made.store, "extract", "json").read_text()
    assert "340" in text
    assert "jane@" not in text


def test_every_expectation_has_words_and_every_bound_a_key():
    for stage in outputs.STAGES:
        for check in judge.suite_of(stage).checks(params()):
            assert len(check.words.split()) >= 3
            assert check.columns
            assert judge.bound(check)
            movable = check.key.partition(".")[0] in ("min_rows", "reject_rate", "reject", "languages")
            assert (check.param is not None) == (movable or check.key in MOVED), check.key


MOVED = ("collapse_not_refused", "collapse_not_abstained", "collapse_low_power", "source_loss")
