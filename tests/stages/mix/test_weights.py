"""The largest weight, beside a search through all whole numbers of tokens."""

import pytest

from stages.mix.params import Collapse
from stages.mix.weights import Tokens, weight


def held(real=0.5, warn=0.6, deep=0.05):
    return Collapse(min_real_share=real, warn_real_share=warn, max_unknown_depth_share=deep)


def searched(t, keeps, most=20_000):
    """The largest x that keeps a bound, by trying."""
    return max((x for x in range(most) if keeps(x)), default=0) if t else None


@pytest.mark.parametrize(
    ("own", "deep", "others", "real", "others_deep"),
    [(900, 900, 1000, 800, 0), (900, 300, 1000, 1000, 20), (10, 1, 700, 699, 35), (5000, 5000, 3001, 2999, 3)],
)
def test_shares_are_the_largest_that_hold_each_bound(own, deep, others, real, others_deep):
    t, params = Tokens(own, deep, others, real, others_deep), held()
    found = weight(t, params, None)
    for key, keeps in {
        "real_share": lambda x: real * 10 >= 5 * (others + x),
        "real_share_low": lambda x: real * 10 >= 6 * (others + x),
        "depth_share": lambda x: (others_deep * own + x * deep) * 100 <= 5 * own * (others + x),
    }.items():
        x = searched(t, keeps)
        assert found[key] == pytest.approx(x / (x + others), abs=1e-4), key
        assert found[key] <= x / (x + others)
    assert found["largest"] == min(found["real_share"], found["depth_share"])
    assert found["now"] == pytest.approx(own / (own + others), abs=1e-4)


def test_a_bound_that_no_weight_touches_allows_any():
    found = weight(Tokens(100, 0, 100, 50, 0), held(real=0, warn=0), None)
    assert (found["real_share"], found["depth_share"], found["largest"], found["loss"]) == (1, 1, 1, None)


def test_a_bound_that_others_break_allows_none():
    found = weight(Tokens(100, 0, 100, 50, 50), held(real=0, warn=0), None)
    assert found["depth_share"] == found["largest"] == 0


def test_a_loss_is_found_beside_real_text_and_told_of_all_tokens():
    found = weight(Tokens(100, 0, 400, 300, 0), held(real=0.1, warn=0.2), {"largest": 0.25})
    assert found["loss"] == found["largest"] == 0.2  # a third of 300, beside 400
    assert weight(Tokens(100, 0, 400, 300, 0), held(), {"largest": None})["largest"] == 0


def test_an_empty_mixture_breaks_nothing():
    assert weight(Tokens(0, 0, 0, 0, 0), held(), None)["now"] == 0
