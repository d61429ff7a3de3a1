"""The benchmark against a neural model, as far as it needs neither corpora nor PyTorch."""

import itertools
import json
import sys
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks" / "collapse"))

import bench
import families
import frames
import neural
from materials import Split, Window
from neural_plan import ROUNDS, Mixture, Round

from stages.mix.assess import Assessment
from stages.mix.canary.figures import Estimate, low_power
from stages.mix.corpus import STATISTICS
from stages.mix.within import Comparison, Finding


def text(part, i):
    return " ".join(f"{part}{(i * 7 + j) % 90}" for j in range(50))


def part(name, n):
    return [Window(text(name, i), f"{name}-{i // 60}", i % 60) for i in range(n)]


BED = Split(part("r", 50), part("p", 40), part("t", 30), part("h", 20), part("f", 20))


@pytest.fixture
def bed(monkeypatch):
    for module in (neural, families):
        monkeypatch.setattr(module, "split", lambda name, seed: BED)
    monkeypatch.setattr(neural, "frame", lambda texts, *names: frame(texts))
    neural.words.cache_clear()
    yield
    neural.words.cache_clear()


def frame(texts):
    rows = [("made", "body", "en", f"d{i}", i, t) for i, t in enumerate(texts)]
    return pl.DataFrame(rows, schema=frames.SCHEMA, orient="row")


def of(family):
    return Mixture(family, 0, 1, "made", 1)


SMALL = Round("small", [of("real")], windows=1504, reference=6000, width=8, trainings=1)


@pytest.mark.parametrize("r", ROUNDS.values(), ids=list(ROUNDS))
def test_there_are_enough_mixtures_of_known_families_and_none_twice(r):
    assert len(r.mixtures) == len(set(r.mixtures)) >= 30
    assert {m.family for m in r.mixtures} <= {*families.PLANTED, *families.BENIGN, "paired_llm"}
    assert {m.seed for m in r.mixtures} <= {*families.TUNING_SEEDS, *families.HELD_OUT_SEEDS, *range(201, 206)}


def test_later_rounds_have_beds_of_their_own_that_no_tuning_saw():
    first, second, third = ({m.bed for m in r.mixtures} for r in ROUNDS.values())
    assert first.isdisjoint(second | third)
    assert second.isdisjoint(third)
    assert all(m.held_out for name in ("second", "third") for m in ROUNDS[name].mixtures)


def test_the_third_round_has_every_planted_family_as_often_at_either_share():
    planted = Counter((m.family, m.share) for m in ROUNDS["third"].mixtures if m.family in families.PLANTED)
    assert planted == dict.fromkeys(itertools.product(families.PLANTED, (0.1, 0.3)), 2)


def test_held_out_families_stand_under_held_out_seeds_alone():
    kept = {*families.HELD_OUT_FAMILIES, *families.HELD_OUT_BENIGN}
    mixtures = ROUNDS["first"].mixtures
    assert {m.family for m in mixtures if not m.held_out}.isdisjoint(kept)
    assert kept <= {m.family for m in mixtures if m.held_out}


@pytest.mark.parametrize("r", ROUNDS.values(), ids=list(ROUNDS))
def test_each_bed_has_its_controls_once_and_first(bed, r):
    every, draws = neural.with_controls(r), min(r.draws, 2)  # the bed has text for two
    for name in {m.bed for m in r.mixtures}:
        first = [(m.family, m.severity) for m in every if m.bed == name][: draws + 1]
        assert first == [("alone", 0), *(("fresh", draw) for draw in range(draws))]
    assert Counter(m.family for m in every)["fresh"] == draws * len({m.bed for m in r.mixtures})
    assert [m for m in every if m.family not in ("alone", "fresh")] == r.mixtures


def test_a_second_draw_of_fresh_text_is_what_neither_mixtures_nor_the_first_have_read(bed):
    second = neural.source(replace(of("fresh"), severity=1), SMALL)
    assert second == [w.text for w in [*BED.real[48:], *BED.teacher[:22]]]


def test_fresh_text_is_new_and_the_real_part_alone_is_read_again(bed):
    own = [w.text for w in BED.real]
    assert neural.size(of("fresh"), SMALL) == 24
    assert neural.source(of("alone"), SMALL) == own[:24]
    assert neural.source(of("fresh"), SMALL) == own[24:48]
    assert neural.source(of("real"), SMALL) == [w.text for w in BED.pool[:24]]


def test_a_source_that_is_too_small_is_an_error(bed, monkeypatch):
    monkeypatch.setattr(
        neural, "benign", lambda *a: families.Case("real", 0, 1, "made", 1, ["a b"] * 23, "made", False)
    )
    with pytest.raises(ValueError, match="23 windows of 24"):
        neural.source(of("real"), SMALL)


def test_words_are_those_of_the_reference_the_most_frequent_first(bed):
    known = neural.words("made", 1)
    assert list(known.ids.values()) == list(range(2, len(known.ids) + 2))
    assert (known.counts[2:-1] >= known.counts[3:]).all()
    assert known.counts.sum() == 20 * 50
    assert known.encode(["f0 r0 f1"]).tolist() == [[0, known.ids["f0"], 1, known.ids["f1"]]]


def test_every_window_is_read_once_per_epoch_in_an_order_of_its_own():
    found = neural.order(40, 1, 1)
    epochs = [found[i * 40 : (i + 1) * 40] for i in range(neural.EPOCHS)]
    assert all(sorted(epoch) == list(range(40)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in [*epochs, list(range(40))]}) == neural.EPOCHS + 1
    assert found == neural.order(40, 1, 1)
    assert len({tuple(neural.order(40, seed, t)) for seed in (1, 2) for t in (1, 2)}) == 4


def test_what_is_there_is_not_done_again(tmp_path):
    asked = []

    def answer(m):
        asked.append(m.family)
        return {"nats": {"all": 1.0}}

    neural.run("train", tmp_path, answer, [of("real"), of("loop")])
    neural.run("train", tmp_path, answer, [of("real"), of("loop"), of("topic")])
    assert asked == ["real", "loop", "topic"]
    lines = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text().splitlines()]
    assert [line["mixture"]["family"] for line in lines] == asked
    assert lines[0].keys() == {"mixture", "nats"}


def line(alone):
    fields = ("weight", "penalty", "excess", "slope", "entropy_drop", "loop_entropy_drop", "coverage_loss")
    known = dict.fromkeys(fields, Estimate(1.0, 0.0)) | {"entropy_drop": Estimate(0.12, 0.0)}
    erts = {"all": Estimate(0.4, 0.1), "tail": Estimate(-0.2, 0.1), "head": Estimate(0.9, 0.1)}
    figures = replace(low_power({"loop": 60_000}), reason=None, ert=erts, delta={"tail": Estimate(0.1, 0.0)}, **known)
    row = bench.row(bench.Key(**asdict(of("loop"))), Assessment(alone, alone, figures))
    return {"mixture": asdict(of("loop")), **json.loads(json.dumps(row))}


def comparison(*losses):
    names = [s.name for s in STATISTICS if s.gates]
    found = [Finding(n, 0.5, 0.6, 0.59, 0.61, loss, 9.0, p, True) for n, (loss, p) in zip(names, losses)]
    shown = (Finding(n, 0.1, 0.1, 0.0, 0.2, None, 0.0, None, False) for n in ("divergence", "separability"))
    return Comparison(300, 900, 99, 0.0, (*found, *shown))


def test_the_answer_holds_the_figures_that_are_ranked():
    found = neural.answer(line(comparison((0.4, 0.01), (0.6, 0.2), (0.5, 0.05))))
    assert found["mixture"] == asdict(of("loop"))
    assert found["ert"] == {"all": 0.4, "tail": -0.2, "head": 0.9}
    assert (found["drop"], found["loss"], found["corpus"]) == (0.12, 0.5, 9.0)
    assert neural.answer(line(comparison((0.4, 0.2))))["loss"] == 0


def test_what_the_gate_will_not_judge_has_no_score(bed):
    small = {"mixture": asdict(of("real")), **json.loads(json.dumps(neural.measured(of("real"), SMALL)))}
    found = neural.answer(small)
    assert (found["score"], found["loss"], found["verdict"], found["ert"]) == (None, None, "ABSTAIN", {})


def test_later_rounds_are_those_on_which_nothing_was_chosen(tmp_path, monkeypatch):
    monkeypatch.setattr(neural, "RESULTS", tmp_path)
    for name in ROUNDS:
        (tmp_path / f"neural-{name}.json").write_text(json.dumps({"rank": [], "mixtures": [name]}))
    assert neural.later() == ["second", "third"]
