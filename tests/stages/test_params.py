"""Bounds of gates in params.yaml: what cannot be a bound is refused by name."""

import pytest
import yaml

from pipelines.store import ROOT
from stages.params import BadParams, parse


def raw(**gates):
    found = yaml.safe_load((ROOT / "params.yaml").read_text())
    found["gates"] |= gates
    return found


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        (
            {"quality": {"reject_rate": {"min": 0.5, "max": 0.4}}},
            r"gates\.quality\.reject_rate: .*min 0\.5 is above max 0\.4",
        ),
        ({"quality": {"reject_rate": {"max": 1.5}}}, r"gates\.quality\.reject_rate\.max: .*less than or equal to 1"),
        ({"quality": {"reject_rat": {}}}, r"gates\.quality\.reject_rat: unknown key; did you mean 'reject_rate'"),
        ({"quality": {"low_power_tokens": 1}}, r"gates\.quality\.low_power_tokens: unknown key"),
        ({"mix": {"low_power_token": 1}}, r"gates\.mix\.low_power_token: .*did you mean 'low_power_tokens'"),
    ],
)
def test_what_is_no_bound_is_refused(gates, message):
    with pytest.raises(BadParams, match=message):
        parse(raw(**gates))


def test_only_mix_has_a_bound_on_power():
    assert parse(raw(mix={})).gates.mix.low_power_tokens == 1_000_000


@pytest.mark.parametrize(
    ("prefilter", "signals", "message"),
    [
        ({"min_words": 26}, {"word_count": {"min": 50}}, "extract.prefilter.min_words must not exceed half"),
        ({"min_words": 1}, {}, "extract.prefilter.min_words must not exceed"),
        ({"languages": ["en"]}, {}, "extract.prefilter.languages must contain every language"),
    ],
)
def test_the_cheap_look_is_no_stricter_than_quality(prefilter, signals, message):
    found = raw()
    found["quality"] |= {"languages": ["en", "de"], "signals": signals}
    found["extract"]["prefilter"] |= prefilter
    with pytest.raises(BadParams, match=message):
        parse(found)


def test_bounds_of_the_cheap_look_that_quality_holds_too_are_accepted():
    found = raw()
    found["extract"]["prefilter"] |= {"min_words": 25, "languages": [*found["quality"]["languages"], "ja"]}
    assert parse(found).extract.prefilter.min_words == 25
