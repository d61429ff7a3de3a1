"""Statistics against plain Python, and the direction and size of a loss."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from stages.mix import corpus
from stages.mix.blocks import FRAME, encode
from stages.mix.corpus import NAMES, OWN, STATISTICS, beside, loss, own, rest
from tests.stages.mix.texts import unit, windows

REAL = windows([f"r{i}" for i in range(20)])
MADE = windows([f"m{i}" for i in range(10)])
BLOCKS = encode(MADE, REAL)
TEXTS = [t.split(" ") for frame in (MADE, REAL) for t in frame.sort("key", "doc_id", "text")["text"]]
ROWS = np.arange(BLOCKS.source)


def runs(n, rows):
    return Counter(tuple(TEXTS[i][k : k + n]) for i in rows for k in range(51 - n))


def entropy(counts):
    total = sum(counts.values())
    return -sum(c / total * math.log2(c / total) for c in counts.values())


def plainly(rows):
    found = {n: runs(n, rows) for n in (1, 2, 3, 4, 8)}
    total = {n: sum(c.values()) for n, c in found.items()}
    once = {n: sum(v == 1 for v in c.values()) / total[n] for n, c in found.items()}
    unseen = {f"unseen_{n}": once[n] for n in (1, 2, 3)}
    distinct = {f"distinct_{n}": len(found[n]) / total[n] for n in (1, 2, 3, 4)}
    return unseen | distinct | {
        "reused_8": 1 - once[8],
        "self_repetition": sum(c * math.log(c) for c in found[4].values()) / total[4],
        "next_word": entropy(found[2]) - entropy(found[1]),
    }  # fmt: skip


def test_statistics_of_a_set_are_what_plain_counting_gives():
    found = dict(zip(OWN, own(BLOCKS, ROWS)))
    for name, value in plainly(ROWS).items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


def function_words():
    """The words of most windows; of equally frequent ones those with the smaller id."""
    counts = Counter(w for t in TEXTS for w in set(t))
    ids = {w: int(k) for text, row in zip(TEXTS, BLOCKS.views["1"]) for w, k in zip(text, row)}
    return set(sorted(counts, key=lambda w: (-counts[w], ids[w]))[:100])


def test_content_words_and_frames_hide_each_other():
    known = function_words()
    content = Counter(w for i in ROWS for w in TEXTS[i] if w not in known)
    total = sum(content.values())
    frames = Counter()
    for i in ROWS:
        for k in range(51 - FRAME):
            run = tuple(w if w in known else None for w in TEXTS[i][k : k + FRAME])
            if 4 <= sum(w is not None for w in run) <= 10:
                frames[run] += 1
    found = dict(zip(OWN, own(BLOCKS, ROWS)))
    same = sum(c * (c - 1) for c in content.values()) / (total * (total - 1))
    assert found["concentration"] == pytest.approx(same)
    again = 1 - sum(c == 1 for c in frames.values()) / sum(frames.values()) if frames else 0.0
    assert found["template"] == pytest.approx(again)


def test_texts_from_a_template_share_frames_and_nothing_else():
    frame = ["w0", None, "w1", "w2", None, "w3", "w0", None, "w4", "w1"] * 5

    def filled(name, length):
        return " ".join(w or f"n{name}x{k}" for k, w in enumerate(frame * (length // 50)))

    blocks = encode(windows([f"t{i}" for i in range(6)], 1, filled), REAL)
    found = dict(zip(OWN, own(blocks, np.arange(blocks.source))))
    assert found["template"] == 1.0
    assert found["reused_8"] == 0.0


def test_what_lies_beside_the_reference_is_measured_without_the_documents_left_out():
    left_out = BLOCKS.source + np.arange(6)
    names = {BLOCKS.clusters[i] for i in left_out}
    kept = [i for i in range(BLOCKS.source, len(TEXTS)) if BLOCKS.clusters[i] not in names]
    assert len(kept) < len(TEXTS) - BLOCKS.source - 5
    ones, twos = runs(1, kept), runs(2, kept)
    followed = Counter(w for i in kept for w in TEXTS[i][:-1])
    (mass, coverage, divergence), bits = beside(BLOCKS, ROWS, rest(BLOCKS, left_out))
    mine = [TEXTS[i] for i in ROWS]
    rare = {w[0] for w, c in ones.items() if c <= 2}
    assert mass == pytest.approx(np.mean([w in rare for t in mine for w in t]))
    assert coverage == pytest.approx(len(rare & {w for t in mine for w in t}) / len(rare))

    def surprise(v, w):
        single = (ones[(w,)] + 0.5) / (sum(ones.values()) + 0.5 * len(ones) + 0.5)
        return -math.log2((twos[v, w] + 10 * single) / (followed[v] + 10))

    for text, found in zip(mine, bits):
        assert found == pytest.approx(np.mean([surprise(v, w) for v, w in pairwise(text)]))
    assert 0 < divergence < 1


def test_divergence_is_nothing_for_equal_shares_and_one_bit_for_disjoint_ones():
    a, b = np.array([1, 2, 0, 0]), np.array([0, 0, 5, 5])
    assert corpus._divergence(a, 3 * a) == pytest.approx(0)
    assert corpus._divergence(a, b) == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "value", "control", "expected"),
    [
        ("unseen_3", 0.6, 0.8, 0.25),
        ("unseen_3", 0.9, 0.8, -0.125),
        ("unseen_3", 0.1, 0.0, None),
        ("reused_8", 0.05, 0.002, 0.048),
        ("next_word", 4.0, 5.0, 0.5),
        ("concentration", 0.004, 0.002, 0.5),
        ("concentration", 0.0, 0.002, None),
    ],
)
def test_a_loss_is_a_share_of_variety(name, value, control, expected):
    found = loss(STATISTICS[NAMES.index(name)], value, control)
    assert found == (None if expected is None else pytest.approx(expected))


def test_the_order_of_rows_and_columns_beyond_those_named_play_no_part():
    shuffled = MADE.sort(pl.Series([unit(t) for t in MADE["text"]])).with_columns(more=pl.lit(1))
    again = encode(shuffled, REAL.reverse().with_columns(source=pl.lit("x")))
    for name, view in BLOCKS.views.items():
        assert np.array_equal(view, again.views[name])
    assert np.array_equal(BLOCKS.clusters, again.clusters)


def test_windows_of_another_length_are_left_out():
    short = MADE.head(2).with_columns(text=pl.lit("one two three"))
    assert encode(pl.concat([MADE, short]), REAL).source == MADE.height
