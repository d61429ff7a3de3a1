"""Which figures turn which key, and how certain they must be."""

import pytest

from stages.mix.canary.figures import Estimate
from stages.mix.canary.keys import decide
from stages.mix.canary.params import CanaryParams

REAL = {"ert": 1.0, "ert_tail": 1.0, "entropy_drop": 0.0, "loop_entropy_drop": 0.0, "penalty": 1.0, "excess": 1.0}
REAL |= {"ert_head": 0.5}


def verdict(spread=0.0, tokens=10**6, **found):
    return decide({name: Estimate(value, spread) for name, value in (REAL | found).items()}, tokens, CanaryParams())


def test_real_text_turns_no_key_and_scores_nothing():
    found = verdict()
    assert (found.harm, found.warn, found.reasons, found.score) == (False, False, (), 0.0)


@pytest.mark.parametrize(
    ("figure", "warns", "harms", "code"),
    [
        ("ert", -0.01, -0.11, "ert_below"),
        ("ert_tail", -0.01, -0.61, "ert_tail_below"),
        ("entropy_drop", 0.31, 0.61, "entropy_drop_above"),
        ("penalty", 1.21, 1.26, "loop_penalty_above"),
        ("excess", 1.03, 1.06, "loop_excess_above"),
    ],
)
def test_each_figure_warns_then_harms(figure, warns, harms, code):
    for value, harm in ((warns, False), (harms, True)):
        found = verdict(**{figure: value})
        assert (found.harm, found.warn, found.reasons) == (harm, True, (code,))


def test_a_spread_that_reaches_back_turns_no_key():
    assert verdict(ert_tail=-0.61).harm
    assert not verdict(spread=0.1, ert_tail=-0.61).harm
    assert not verdict(spread=0.1, penalty=1.3).harm
    assert verdict(spread=0.1, penalty=1.4).harm


def test_a_source_that_teaches_the_head_and_flattens_may_take_nothing_from_the_tail():
    """Text of another kind teaches neither, and scatters about 0; plain language does not flatten what is written."""
    flat = {"ert_head": 1.2, "entropy_drop": 0.3}
    assert verdict(ert_tail=-0.05, **flat).reasons == ("ert_tail_below",)
    assert verdict(ert_tail=-0.05, **flat).harm
    assert not verdict(ert_tail=-0.05, **flat | {"entropy_drop": 0.29}).harm
    assert not verdict(ert_tail=-0.05, **flat | {"entropy_drop": None}).harm
    assert not verdict(ert_tail=-0.05, **flat | {"ert_head": 0.69}).harm
    assert not verdict(ert_tail=-0.05, **flat | {"ert_head": None}).harm
    assert not verdict(ert_tail=0.05, **flat).warn
    assert not verdict(spread=0.1, ert_tail=-0.05, **flat).harm
    assert not verdict(spread=0.1, ert_tail=-0.25, **flat | {"ert_head": 0.75}).harm


def test_the_loops_entropy_warns_and_never_harms():
    found = verdict(loop_entropy_drop=5.0)
    assert (found.harm, found.warn, found.reasons) == (False, True, ("loop_entropy_drop_above",))


def test_the_score_is_the_worst_way_and_leaves_the_share_of_real_text_out():
    assert verdict(penalty=2.0).score == 0
    assert verdict(ert_tail=-0.6, entropy_drop=0.1).score == pytest.approx(1)
    assert verdict(entropy_drop=0.9).score == pytest.approx(1.5)


def test_a_small_loop_may_lose_more_before_its_penalty_counts():
    assert verdict(penalty=1.3).harm
    assert not verdict(penalty=1.3, tokens=60_000).harm
    assert verdict(penalty=1.4, tokens=60_000).harm


def test_reasons_of_harm_stand_before_those_of_warning():
    assert verdict(ert_tail=-0.1, entropy_drop=0.7).reasons == ("entropy_drop_above", "ert_tail_below")


def test_a_figure_that_is_not_there_turns_nothing():
    assert not verdict(ert_tail=None).warn
    assert verdict(ert=None, ert_tail=None, entropy_drop=None, excess=None).score is None
