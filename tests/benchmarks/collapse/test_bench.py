"""Which cases come first, that a stopped run goes on, and that a line is judged as its figures were."""

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks" / "collapse"))

import bench
import families
import judged
import table
from bench import Key

from stages.mix.assess import Assessment, assess
from stages.mix.canary.params import CanaryParams
from stages.mix.params import Collapse
from stages.mix.verdict import score
from tests.stages.mix.texts import document, windows

SETTINGS = Collapse(
    min_real_share=0.5, warn_real_share=0.667, max_unknown_depth_share=0.05, min_windows=50, draws=39,
    canary=CanaryParams(tokens=20_000, min_tokens=1000, min_held_out_tokens=1000, generations=3, seeds=2),
)  # fmt: skip


@pytest.mark.parametrize("part", bench.PARTS)
def test_a_part_has_every_case_once_and_its_own_seeds_alone(part):
    keys = bench.keys(part)
    assert len(set(keys)) == len(keys)
    old = {"tuning": families.TUNING_SEEDS, "held_out": families.HELD_OUT_SEEDS}
    seeds = old.get(part, families.FRESH_SEEDS)
    assert {k.seed for k in keys} == set(seeds)
    assert sum(k.family == "genre" for k in keys) in (0, len(seeds)), "whatever the domain, genres are Brown's"
    held_out = {*families.HELD_OUT_FAMILIES, *families.HELD_OUT_BENIGN}
    assert bool(held_out & {k.family for k in keys}) is (part not in ("tuning", "early"))


@pytest.mark.parametrize("part", bench.ALONE)
def test_a_labelled_source_is_judged_alone_and_no_family_lies_about_what_it_is(part):
    keys = bench.keys(part)
    assert {k.share for k in keys} == {1.0}
    assert {k.family for k in keys if k.family in families.PLANTED} == {*families.PLANTED} - {"mislabelled"}
    assert {k.domain for k in keys} == set(families.OTHER_DOMAINS if part in bench.UNSEEN else families.DOMAINS)


def test_no_tuning_knows_an_unseen_domain_and_nothing_is_declared_there_as_another_one():
    assert not {*families.OTHER_DOMAINS} & {
        k.domain for part in ("tuning", "held_out", "fresh") for k in bench.keys(part)
    }
    benign = {(k.family, k.severity) for k in bench.keys("unseen_10k") if k.family in families.BENIGN}
    assert {f for f, _ in benign} == {"real", "short_documents", "beginnings", "ocr", "good_synthetic"}
    assert ("good_synthetic", 0) not in benign, "whose teacher has read all other domains, in English"


def test_every_beginning_is_balanced():
    keys = bench.keys("held_out")
    cells = [(k.family, k.share) for k in keys if k.family in families.PLANTED]
    for n in (36, 72, 180):
        counted = Counter(cells[:n])
        assert len(counted) == 36
        assert set(counted.values()) == {n // 36}
    first = keys[: keys.index(next(k for i, k in enumerate(keys) if k.family == "loop" and i > 70))]
    assert {k.family for k in first} >= set(families.BENIGN) - set(bench.PAIRED)
    assert len({(k.severity, k.share) for k in keys[:300] if k.family == "copies"}) == 16


def test_a_turn_has_more_of_a_benign_family_than_of_a_planted_one():
    real, bad = ([Key(f, 0, 1.0, d, s) for d in families.DOMAINS for s in (1, 2)] for f in ("real", "loop"))
    first = bench.balanced([*bad, *real])[: bench.TURNS["real"] + 1]
    assert Counter(k.family for k in first) == {"real": bench.TURNS["real"], "loop": 1}


def test_a_run_goes_on_where_it_stopped_and_keeps_its_budget(tmp_path, monkeypatch):
    wanted = [Key("real", 0, 1.0, "brown", s) for s in range(4)]
    ran, clock = [], iter(float(t) for t in range(100))
    monkeypatch.setattr(bench, "keys", lambda part: wanted)
    monkeypatch.setattr(bench, "found", lambda key, size: ran.append((key, size)) or Assessment(None, None, None))
    monkeypatch.setattr(bench.time, "process_time", lambda: next(clock))
    bench.run("tuning", tmp_path, 4)
    assert ran == [(k, bench.SIZE) for k in wanted[:2]]
    bench.run("tuning", tmp_path, 100)
    assert [k for k, _ in ran] == wanted
    bench.run("labelled_10k", tmp_path, 100)
    assert ran[4:] == [(k, bench.LABELLED["labelled_10k"]) for k in wanted]
    lines = (tmp_path / "tuning.jsonl").read_text().splitlines()
    assert [Key(**json.loads(line)["key"]) for line in lines] == wanted


def poor(name, length):
    return document(f"x{int(name[1:]) % 5}", length)


def test_a_line_is_judged_as_its_figures_were():
    real = windows([f"r{i}" for i in range(200)])
    for source in (windows([f"m{i}" for i in range(60)], 3, poor), windows([f"n{i}" for i in range(60)]), real.head(9)):
        expected = score(source, real, SETTINGS)
        line = json.loads(json.dumps(bench.row(Key("copies", 2, 1.0, "brown", 1), assess(source, real, SETTINGS, 1.0))))
        again = judged.judged(line, SETTINGS)
        assert again.answer.verdict == expected.verdict
        assert again.answer.score == pytest.approx(expected.score, abs=1e-4)
        assert [r.code for r in again.answer.reasons] == [r.code for r in expected.reasons]
        assert again.kind == "planted"


def answered(key, value, verdict="WARN"):
    answer = judged.Scored(value, value, value, value, value, verdict, (), Assessment(None, None, None))
    return judged.Judged(key, answer)


def test_the_threshold_is_of_tuning_seeds_and_the_figures_of_others_are_apart():
    benign = [Key("real", 0, 1.0, d, s) for d in families.DOMAINS for s in (1, 2, 3, 4, 101, 102)]
    bad = [Key(f, 3, 0.3, d, s) for f in ("loop", "mislabelled") for d in families.DOMAINS for s in (101, 102)]
    fresh = [answered(Key("loop", 3, 0.3, "brown", 401), 3.0), answered(Key("real", 0, 1.0, "brown", 402), 2.0)]
    every = [answered(k, 9.0 if k.seed > 100 else float(k.seed)) for k in benign]
    every += [answered(k, 10.0 if k.family == "loop" else 1.0, "REFUSE") for k in bad]
    every += [answered(Key("loop", 3, 0.3, "brown", 103), None, "ABSTAIN")]
    found = table.table([*every, *fresh])
    assert found["threshold"] == {"all": 4.0, "alike": 4.0}
    seen = found["groups"]["held-out seeds"]
    assert (seen["families"]["loop"]["0.3"]["cases"], seen["families"]["loop"]["0.3"]["n"]) == (13, 12)
    assert seen["families"]["loop"]["0.3"]["tpr"][0] == seen["families"]["loop"]["0.3"]["auc"] == 1.0
    assert list(seen["families"]) == ["loop"]
    assert seen["benign"]["real"]["above"][0] == 1.0
    assert found["groups"]["tuning seeds"]["benign"]["real"]["above"][0] == 0.0
    unseen = found["groups"]["held-out seeds and families"]["families"]
    assert list(unseen) == ["mislabelled"]
    assert unseen["mislabelled"]["0.3"]["auc"] == 0.0
    assert found["groups"]["fresh seeds"]["families"]["loop"]["0.3"]["tpr"][:1] == [0.0], "by the tuning seeds' bound"
    assert found["groups"]["fresh seeds"]["families"]["loop"]["0.3"]["auc"] == 1.0, "beside the benign of fresh seeds"
    assert found["severities"]["loop 3"] == {"found": {"0.3": [12, 13]}, "smallest_share": 0.3}
    assert found["undeclared"] == {"verdict": "ABSTAIN", "reasons": ["no_reference"]}
    assert "| loop | 0.3 | 12 | 1.00" in "\n".join(table.lines(found))
