"""Bounds by foreknowledge: they are of the cases they are said to be of, and find what there is to be found."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks" / "collapse"))

import judged
import limits
from bench import Key

from stages.mix.assess import Assessment


def mixture(family, share, everywhere, tail, seed):
    named = {"family": family, "severity": 0, "share": share, "domain": "brown", "seed": seed}
    return {"mixture": named, "harm": {"all": everywhere, "tail": tail}}


def test_a_cost_tells_apart_what_it_tells_apart_and_no_more():
    """Loops cost the tail alone; good synthetic text costs more than any, and is set aside in the second figure."""
    mixtures = [mixture("loop", 0.1, 0.0, 0.1 * seed, seed) for seed in (1, 2, 3)]
    mixtures += [mixture("real", 1, 0.0, 0.0, seed) for seed in (1, 2, 3)]
    mixtures += [mixture("good_synthetic", 1, 0.5, 0.5, seed) for seed in (1, 2, 3)]
    mixtures += [mixture("paired_llm", 1, -9.0, -9.0, 1), mixture("loop", 0.5, -9.0, -9.0, 1)]
    found = limits.cost(mixtures)
    assert found["0.1"]["tail"] == {
        "planted": 3, "benign": 6, "auc": 0.5, "auc_95": [0.5, 0.5], "auc_alike": 1.0, "auc_alike_95": [1.0, 1.0]
    }  # fmt: skip
    assert (found["0.1"]["all"]["auc"], found["0.1"]["all"]["auc_alike"]) == (0.25, 0.5)
    assert found["0.3"]["all"]["auc"] is None


def test_what_is_costly_is_told_by_its_worth_whatever_it_is_called():
    """A planted source that costs nothing, a benign one that costs much; the tail's worth is the wrong way round."""
    rows = [
        mixture(family, 0.1, nats, nats, seed) | {"ert": {"all": 1 - nats, "tail": nats}}
        for seed in (1, 2, 3)
        for family, nats in (("loop", 0.01), ("good_synthetic", 0.15), ("real", 0.04))
    ]
    found = limits.costly(rows)
    told = {"n": 3, "others": 6, "auc": 1.0, "auc_95": [1.0, 1.0]}
    assert found["all"]["0.05"] == found["all"]["0.1"] == told
    assert found["all"]["0.03"]["n"] == 6
    assert found["tail"]["0.1"]["auc"] == 0.0
    assert found["tail"]["0.2"] == {"n": 0, "others": 9, "auc": None, "auc_95": None}


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_best_figure_is_found_in_either_direction(sign):
    bad = [{"noise": 1.0, "told": sign * (5.0 + i), "score": 1.0} for i in range(4)]
    good = [{"noise": 1.0, "told": sign * i, "score": i % 2} for i in range(4)]
    assert limits.best(bad, good) == {"figure": "told", "auc": 1.0, "score": 0.75}


def test_each_family_has_a_figure_of_its_own_beside_benign_sources_alone():
    def of(family, share, **figures):
        answer = judged.Scored(1.0, None, None, None, None, "PASS", (), Assessment(None, None, None))
        return judged.Judged(Key(family, 0, share, "brown", 1), answer), {"a": 0.0, "b": 0.0, "score": 0.0} | figures

    rows = [of("loop", 0.1, a=1.0), of("copies", 0.1, b=1.0), of("copies", 0.3), of("real", 1.0)]
    rows += [of("paired_llm", 1.0, a=9.0, b=9.0)]
    found = limits.hindsight(rows)
    assert found["0.1"]["mean"] == {"auc": 1.0, "score": 0.5}
    assert {n: f["figure"] for n, f in found["0.1"]["families"].items()} == {"loop": "a", "copies": "b"}
    assert found["0.3"]["mean"] == {"auc": 0.5, "score": 0.5}
    assert found["1.0"] == {"mean": {}, "families": {}}
