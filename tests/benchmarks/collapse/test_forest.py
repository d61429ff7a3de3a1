"""Nobody is judged by a forest that grew on him, nor, where that is the question, on his family."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks" / "collapse"))

import forest
import judged
from bench import Key

from stages.mix.assess import Assessment

FAMILIES = ["loop", "loop", "copies", "copies", "", ""]
DOMAINS = ["brown", "comments"] * 3
ROWS = np.array([[float(i)] for i in range(6)])


def asked_of(met, monkeypatch):
    """By source: the rows that each forest it was asked of had grown on, and what was said of it."""
    grown = {i: [] for i in range(6)}

    def grow(rows, bad):
        learnt = {int(r) for r in rows[:, 0]}
        assert bad.tolist() == [FAMILIES[i] != "" for i in sorted(learnt)]

        def answer(rows):
            for r in rows[:, 0]:
                grown[int(r)].append(learnt)
            return np.full(len(rows), float(sum(learnt)))

        return answer

    monkeypatch.setattr(forest, "grow", grow)
    return grown, forest.said(ROWS, np.array(FAMILIES), np.array(DOMAINS), met=met)


def test_a_source_is_asked_of_a_forest_of_other_domains(monkeypatch):
    grown, said = asked_of(True, monkeypatch)
    assert all(own == [{j for j in range(6) if DOMAINS[j] != DOMAINS[i]}] for i, own in grown.items())
    assert said.tolist() == [9.0, 6.0] * 3


def test_an_unmet_family_is_asked_of_a_forest_without_it_and_a_benign_source_of_all(monkeypatch):
    grown, said = asked_of(False, monkeypatch)
    assert grown[0] == [{3, 5}, {1, 5}]  # without loops, without copies: the first counts
    assert said.tolist() == [8.0, 6.0, 6.0, 4.0, 7.0, 5.0], "a benign source has the mean"


@pytest.mark.parametrize(("planted", "area", "found"), [(3.0, 1.0, 1.0), (0.5, 0.5, 0.0), (0.0, 0.0, 0.0)])
def test_a_share_is_held_against_all_benign_sources(planted, area, found):
    def of(family, share, value):
        answer = judged.Scored(1.0, None, None, None, None, "PASS", (), Assessment(None, None, None))
        return judged.Judged(Key(family, 3, share, "brown", 1), answer), value

    known = [of("loop", 0.1, planted), of("loop", 0.3, 9.0), *(of("real", 1.0, v) for v in (0.2, 0.8))]
    own = forest.table([j for j, _ in known], np.array([v for _, v in known]))
    assert own["benign"] == 2
    assert (own["shares"]["0.1"]["n"], own["shares"]["0.1"]["auc"], own["shares"]["0.1"]["tpr"][0]) == (1, area, found)
