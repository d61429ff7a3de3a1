"""Measures beside bounds: which bound belongs to which measure, and what has none."""

import copy

import yaml

from pipelines import bounds
from pipelines.store import ROOT
from stages.params import parse

RAW = yaml.safe_load((ROOT / "params.yaml").read_text())


def params(change=lambda raw: None):
    raw = copy.deepcopy(RAW)
    change(raw)
    return parse(raw)


def named(stage, tables, of=None) -> dict:
    return {m["name"]: m for m in bounds.of(stage, tables, of or params())}


def test_signals_stand_in_the_order_of_params_and_unheld_ones_last() -> None:
    row = {"doc_id": "d", "word_count": 3, "curly_bracket": True, "symbol_word_ratio": 0.5}
    found = named("quality", {"quality": {"signals/gopher": row}})
    assert list(found) == ["word_count", "symbol_word_ratio", "curly_bracket"]
    assert (found["word_count"]["min"], found["word_count"]["max"]) == (50, 100000)
    assert (found["curly_bracket"]["min"], found["curly_bracket"]["max"]) == (None, None)


def test_a_score_that_is_only_reported_has_no_bound() -> None:
    tables = {"toxicity": {"scores": {"doc_id": "d", "toxicity_score": 0.99}}}
    assert named("toxicity", tables)["toxicity_score"]["max"] is None
    held = params(lambda raw: raw["toxicity"].update(report_only=False))
    assert named("toxicity", tables, held)["toxicity_score"]["max"] == RAW["toxicity"]["max_score"]


def test_lists_of_allowed_values() -> None:
    look = {"http_status": 404, "n_bytes": 10, "n_words": None, "language": None}
    found = named("extract", {"extract": {"look": look}})
    assert found["http_status"]["allowed"] == RAW["extract"]["keep_status"]
    assert found["language of the page"]["allowed"] is None, "the prefilter is off"
    assert found["n_words"]["value"] is None


def test_nothing_measured_nothing_said() -> None:
    assert [
        bounds.of(stage, {stage: {}}, params()) for stage in ("extract", "quality", "dedup", "toxicity", "mix")
    ] == [[] for _ in range(5)]
