"""The judgement: what real text gets, what planted damage gets, and that nothing but the texts moves a figure."""

import dataclasses
import importlib.util
import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from stages.mix.canary.harm import judge
from stages.mix.canary.loop import CONTROLS
from stages.mix.canary.params import SMALL, CanaryParams

SPEC = importlib.util.spec_from_file_location("language", Path(__file__).with_name("language.py"))
language = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(language)

SETTINGS = SMALL.model_copy(update={"tokens": 40_000, "generations": 3, "seeds": 2})
REAL = language.windows(800, "real")
HELD_OUT = language.windows(300, "held out")
REFERENCE = language.windows(800, "reference")
FRESH = language.windows(400, "fresh")


def figures(synthetic, settings=SETTINGS, real=REAL):
    return judge(real, synthetic, HELD_OUT, REFERENCE, settings)


@pytest.fixture(scope="module")
def fresh():
    return figures(FRESH)


@pytest.fixture(scope="module")
def sharpened():
    return figures(language.windows(400, "sharp", sharp=5))


def test_fresh_real_text_is_worth_itself_and_turns_no_key_of_its_own(fresh):
    for bucket, found in fresh.ert.items():
        assert found.value == pytest.approx(1, abs=0.6 if bucket == "head" else 0.35), bucket
    assert not fresh.harm
    assert set(fresh.reasons) <= {"loop_penalty_above"}
    assert fresh.excess.value == pytest.approx(1, abs=0.01)
    assert abs(fresh.entropy_drop.value) < 0.1
    assert fresh.score < 0.5


def test_sharpened_text_loses_the_tail_before_the_rest(fresh, sharpened):
    assert sharpened.ert["tail"].value < sharpened.ert["head"].value
    assert sharpened.ert["tail"].value < fresh.ert["tail"].value - 0.5
    assert sharpened.harm
    assert "entropy_drop_above" in sharpened.reasons
    assert sharpened.score > 1
    assert sharpened.coverage_loss.value > 0.1 > abs(fresh.coverage_loss.value)


def test_a_flood_of_copies_adds_nothing():
    found = figures(FRESH[:20] * 20)
    assert found.ert["all"].value < 0
    assert found.weight.value < 0.2
    assert found.score > 0.5


def test_a_source_that_helps_has_a_potential(fresh):
    assert 0.3 < fresh.weight.value < 0.7
    assert fresh.delta["tail"].value < fresh.delta["head"].value < 0


def test_the_declared_decoding_sharpens_the_loop_and_not_the_source(fresh):
    sharp = figures(FRESH, SETTINGS.model_copy(update={"temperature": 0.6}))
    assert sharp.loop_entropy_drop.value > fresh.loop_entropy_drop.value + 0.3
    assert sharp.entropy_drop.value == fresh.entropy_drop.value
    assert "loop_entropy_drop_above" in sharp.reasons
    assert not sharp.harm


def test_the_less_real_text_the_higher_the_penalty(fresh):
    low, high = (figures(FRESH, SETTINGS.model_copy(update={"real_share": r})) for r in (0.25, 0.75))
    assert low.penalty.value > fresh.penalty.value > high.penalty.value > 1


def test_controls_stand_beside_the_loop(fresh):
    assert set(fresh.controls) == set(CONTROLS)
    assert {len(g) for g in fresh.controls.values()} == {SETTINGS.generations + 1}
    end = {name: g[-1].perplexity for name, g in fresh.controls.items()}
    assert end["real_fixed"] < end["real_part"] < end["loop"] < end["replace"]
    assert end["real_fresh"] == pytest.approx(end["real_fixed"], rel=0.05)
    assert fresh.penalty.value == pytest.approx(end["loop"] / end["real_part"], rel=1e-3)
    replaced = [g.samples.types for g in fresh.controls["replace"]]
    assert replaced == sorted(replaced, reverse=True)
    assert replaced[0] > replaced[-1]


def test_slope_is_of_the_last_three_generations(fresh):
    a, _, b = (g.perplexity for g in fresh.controls["loop"][-3:])
    assert fresh.slope.value == pytest.approx(math.log(b / a) / 2, abs=1e-3)


def test_the_order_of_windows_does_not_matter(fresh):
    backwards = judge(REAL[::-1], FRESH[::-1], HELD_OUT[::-1], REFERENCE[::-1], SETTINGS)
    assert dataclasses.asdict(backwards) == dataclasses.asdict(fresh)


@pytest.mark.parametrize("short", ["real", "synthetic", "held_out", "reference"])
def test_too_little_text_is_low_power_and_gives_no_figure(short):
    parts = {"real": REAL, "synthetic": FRESH, "held_out": HELD_OUT, "reference": REFERENCE}
    found = judge(**(parts | {short: parts[short][:90]}), settings=SETTINGS)
    assert found.reason == "low_power"
    assert found.tokens[short] == 4_500
    assert found.harm is None
    assert found.score is None
    assert not found.ert
    assert not found.controls


def test_settings_that_contradict_themselves_are_refused():
    with pytest.raises(ValidationError, match="harm_penalty must lie beyond warn_penalty"):
        CanaryParams(warn_penalty=1.3)
    with pytest.raises(ValidationError, match="harm_ert_tail must lie beyond"):
        CanaryParams(warn_ert_tail=-0.7)
