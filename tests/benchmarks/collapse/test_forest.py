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

FAMILIES = ["loop", "loop", "copies", "copies", "real", "real", "ocr", "ocr"]
DOMAINS = ["brown", "comments"] * 4
ROWS = np.array([[float(i)] for i in range(8)])


def asked_of(left_out, monkeypatch):
    """By source: the rows that each forest it was asked of had grown on, and what was said of it."""
    grown = {i: [] for i in range(8)}

    def grow(rows, bad):
        learnt = {int(r) for r in rows[:, 0]}
        assert bad.tolist() == [FAMILIES[i] in ("loop", "copies") for i in sorted(learnt)]

        def answer(rows):
            for r in rows[:, 0]:
                grown[int(r)].append(learnt)
            return np.full(len(rows), float(sum(learnt)))

        return answer

    monkeypatch.setattr(forest, "grow", grow)
    return grown, forest.said(ROWS, np.array(FAMILIES), np.array(DOMAINS), left_out)


def test_a_source_is_asked_of_a_forest_of_other_domains(monkeypatch):
    grown, said = asked_of(("",), monkeypatch)
    assert all(own == [{j for j in range(8) if DOMAINS[j] != DOMAINS[i]}] for i, own in grown.items())
    assert said.tolist() == [16.0, 12.0] * 4


@pytest.mark.parametrize(
    ("left_out", "first", "said"),
    [  # a forest answers with the sum of the rows it grew on; without family f the sum of the others
        (["loop", "copies"], [{3, 5, 7}, {1, 5, 7}], [15, 12, 13, 10, 14, 11, 14, 11]),
        (["real", "ocr"], [{1, 3, 7}, {1, 3, 5}], [10, 7, 10, 7, 11, 8, 9, 6]),
    ],
    ids=["planted", "benign"],
)
def test_an_unmet_family_is_asked_of_a_forest_without_it_and_the_other_side_of_all(left_out, first, said, monkeypatch):
    grown, found = asked_of(left_out, monkeypatch)
    assert grown[0] == first
    assert found.tolist() == said, "the other side has the mean"


@pytest.mark.parametrize(("planted", "area", "found"), [(3.0, 1.0, 1.0), (0.5, 0.5, 0.0), (0.0, 0.0, 0.0)])
def test_a_share_is_held_against_all_benign_sources(planted, area, found):
    def of(family, share, value):
        answer = judged.Scored(1.0, None, None, None, None, "PASS", (), Assessment(None, None, None))
        return judged.Judged(Key(family, 3, share, "brown", 1), answer), value

    known = [of("loop", 0.1, planted), of("loop", 0.3, 9.0), of("real", 1.0, 0.2), of("ocr", 1.0, 0.8)]
    own = forest.table([j for j, _ in known], np.array([v for _, v in known]))
    cell = own["shares"]["0.1"]
    assert (cell["n"], cell["auc"], cell["tpr"][0]) == (1, area, found)
    assert own["benign"] == {"real": 1, "ocr": 1}
    assert {f: c["auc"] for f, c in cell["families"].items()} == {"real": planted > 0.2, "ocr": planted > 0.8}
