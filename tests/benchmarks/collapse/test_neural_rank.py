"""Rank correlations by hand, over beds, and the harm they are of."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks" / "collapse"))

import neural_rank as rank

RISING = [("a", 1.0, 0.1), ("a", 2.0, 0.2), ("b", 30.0, 0.3), ("b", 400.0, 0.4)]


def bed(name, signs):
    return [(name, float(i), float(i * s)) for i, s in enumerate(signs)]


def mixture(family, seed=1, severity=1, share=1):
    return {"family": family, "severity": severity, "share": share, "domain": "made", "seed": seed}


def trained(family, every, tail, severity=0, share=1, seed=1):
    return {"mixture": mixture(family, seed, severity, share), "nats": {"all": every, "tail": tail}}


def scored(family, value, severity=1, share=1, seed=1):
    gate = {"score": value, "corpus": value, "canary": value, "loss": value, "drop": value, "ert": {"all": -value}}
    return {"mixture": mixture(family, seed, severity, share), **gate, "verdict": "WARN", "reasons": []}


def test_ranks_alone_count():
    assert rank.spearman(RISING) == pytest.approx(1)
    assert rank.spearman([(b, -x, y) for b, x, y in RISING]) == pytest.approx(-1)


def test_ties_share_their_mean_rank():
    # ranks 1.5 1.5 3 4 against 1 2 3 4: covariance 4.5, squares 4.5 and 5
    found = rank.spearman([("a", 1, 1), ("a", 1, 2), ("a", 2, 3), ("a", 3, 4)])
    assert found == pytest.approx(4.5 / (4.5 * 5) ** 0.5)


@pytest.mark.parametrize("pairs", [RISING[:3], [("a", 1.0, float(i)) for i in range(5)], []])
def test_too_little_has_no_correlation(pairs):
    assert rank.spearman(pairs) is None


def test_inside_beds_differences_between_beds_play_no_part():
    falling = [("low", 0, 3), ("low", 1, 2), ("low", 2, 1), ("low", 3, 0)]
    other = [("high", x + 100, y + 100) for _, x, y in falling]
    assert rank.spearman(falling + other) > 0
    assert rank.within(falling + other) == pytest.approx(-1)
    assert rank.within([*falling, ("one", 1, 1)]) == pytest.approx(-1)
    assert rank.within([("one", 1, 1)]) is None


def test_the_interval_is_over_beds():
    good, bad = bed("good", [1] * 6), bed("bad", [-1] * 6)
    some = [*good, *bad, *bed("more", [1] * 6), *bed("most", [1] * 6)]
    # the bad bed is drawn four times of four in .4 % of draws, three times in 4.7 %
    assert rank.interval(some, rank.within) == pytest.approx((-0.5, 1))
    alike = [p for name in "xyz" for p in bed(name, [1] * 6)]
    assert rank.interval(alike, rank.within) == pytest.approx((1, 1))
    assert rank.interval(good + bad, rank.within) is None


def test_a_bed_that_is_drawn_twice_counts_as_two():
    # one bed of two mixtures has no correlation; drawn twice, as one bed of four, it would have
    some = [p for name in "xyz" for p in bed(name, [1, 1])]
    assert rank.interval(some, rank.within) is None


def test_harm_is_what_the_mixture_costs_beside_its_controls():
    controls = [trained("fresh", 6.0, 11.0), trained("alone", 6.2, 11.5)]
    rows = [*controls, trained("loop", 6.3, 11.25, 3, 0.5), trained("topic", 6.3, 11.25)]  # topic: not yet scored
    found = rank.rows(rows, [scored("loop", 2.0, 3, 0.5), scored("copies", 2.0, 0)], [
        mixture("loop", 1, 3, 0.5), mixture("loop", 1, 5, 0.5), mixture("loop", 2, 3, 0.5), mixture("topic", 1, 0),
        mixture("copies", 1, 0),
    ])  # fmt: skip
    assert len(found) == 1
    assert found[0]["harm"] == {"all": 0.3, "tail": 0.25}
    assert found[0]["beside_nothing"] == {"all": 0.1, "tail": -0.25}
    assert found[0]["lost"] == {"all": 1.5, "tail": 0.5}


def test_several_draws_of_fresh_text_count_as_their_mean():
    draws = [trained("fresh", nats, nats, draw) for draw, nats in enumerate((5.9, 6.1, 6.3))]
    other = trained("fresh", 1.0, 1.0, seed=2)
    rows = [*draws, other, trained("alone", 6.6, 6.6), trained("loop", 6.2, 6.4, 3)]
    found = rank.rows(rows, [scored("loop", 2.0, 3)], [mixture("loop", 1, 3)])
    assert found[0]["harm"] == {"all": 0.1, "tail": 0.3}
    assert found[0]["lost"] == {"all": 0.2, "tail": 0.6}


def test_no_share_is_lost_of_nothing():
    controls = [trained("fresh", 6.0, 11.0), trained("alone", 5.9, 11.0)]
    found = rank.rows([*controls, trained("loop", 6.3, 11.2, 1)], [scored("loop", 2.0)], [mixture("loop")])
    assert found[0]["lost"] == {"all": None, "tail": None}
    assert rank.pairs(found, "score", "all", "lost") == []
    assert rank.pairs(found, "harm", "all") == [("made 1", 3.0, 0.3)]
    assert rank.pairs(found, "harm in the tail", "all") == []


def test_the_table_is_written_with_its_parts(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(rank, "DRAWS", 50)
    controls = [trained(c, n, n, seed=seed) for c, n in (("fresh", 6.0), ("alone", 7.0)) for seed in (1, 101, 102)]
    harms = [(s, seed) for seed in (1, 101, 102) for s in range(1, 5)]
    rows = [trained("loop", 6 + s / 10 + seed / 1000, 6 - s / 10, s, seed=seed) for s, seed in harms]
    scores = [scored("loop", float(s), s, seed=seed) for s, seed in harms]
    rows = rank.rows(controls + rows, scores, [mixture("loop", seed, s) for s, seed in harms])
    asked = {"tuning": lambda m: m["seed"] < 100, "held out": lambda m: m["seed"] > 100}
    rank.table(rows, asked, tmp_path / "results" / "neural.json")
    found = json.loads((tmp_path / "results" / "neural.json").read_text())
    assert len(found["mixtures"]) == 12
    lines = {(r["part"], r["figure"], r["harm"]): r for r in found["rank"]}
    assert lines["all mixtures", "score", "harm all"]["rho"] < 1
    assert lines["inside beds", "score", "harm all"]["rho"] == 1
    assert lines["inside beds", "score", "harm tail"]["rho"] == -1
    assert {p: lines[p, "score", "harm all"]["n"] for p in ("tuning", "held out", "loop")} == {
        "tuning": 4, "held out": 8, "loop": 12,
    }  # fmt: skip
    assert lines["tuning", "score", "harm all"]["interval"] is None
    assert lines["inside beds", "score", "harm all"]["interval"] == [1, 1]
    assert "loop" in capsys.readouterr().out


def test_harm_is_told_by_verdict():
    found = [
        {"verdict": v, "harm": {"all": h, "tail": -h}} for v, h in (("WARN", 3), ("PASS", 1), ("WARN", 8), ("WARN", 4))
    ]
    assert [(r["verdict"], r["harm"], r["n"], r["least_median_most"]) for r in rank.by_verdict(found)] == [
        ("PASS", "all", 1, [1, 1, 1]),
        ("PASS", "tail", 1, [-1, -1, -1]),
        ("WARN", "all", 3, [3, 4, 8]),
        ("WARN", "tail", 3, [-8, -4, -3]),
    ]
