"""Buckets of held-out words: from the reference's counts, in the measure of what a model can learn."""

import numpy as np
import pytest

from stages.mix.canary.held_out import bounds, prepare
from stages.mix.canary.params import CanaryParams

COUNTS = np.array([0, 0, 1, 3, 4, 49, 50, 0], dtype=np.int64)  # ids 2 to 7; 107 in all
WINDOWS = [np.array([0, 0, *ids], dtype=np.int32) for ids in ([2, 3, 4], [5, 6, 7, 1], [2, 2])]


def held(trained=107):
    return prepare(WINDOWS, COUNTS, trained, CanaryParams())


def test_each_word_is_in_one_bucket_and_begins_and_unknown_words_in_none():
    found = held()
    scored = dict(zip(found.asked.tokens.tolist(), found.bucket.tolist()))
    assert scored == {0: 0, 1: 0, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3, 7: 4}


def test_bounds_are_in_what_the_trained_text_should_hold():
    assert bounds(1_000, 1_000, CanaryParams()) == (1.0, 4.0, 50.0)
    assert bounds(10_000, 1_000, CanaryParams()) == (2.0, 40.0, 500.0)
    assert bounds(100, 10_000, CanaryParams()) == (1.0, 2.0, 3.0)


def test_means_are_by_bucket_and_of_all_words_scored():
    found = held()
    values = np.where(found.bucket > 0, 1.0, 100.0)
    values[found.bucket == 1] = 3.0
    means = found.means(values)
    assert means["tail"] == 3.0
    assert (means["mid"], means["head"]) == (1.0, 1.0)
    assert means["all"] == pytest.approx((4 * 3 + 4) / 8)


def test_a_bucket_without_words_has_no_mean():
    assert held().means(np.zeros(len(held().asked.tokens)), held().bucket == 3)["tail"] is None


def test_every_second_window_tunes():
    found = held()
    assert found.dev.tolist() == [True] * 5 + [False] * 6 + [True] * 4
