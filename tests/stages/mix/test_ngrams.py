"""n-gram samples: exact for what stays, the same for any cut, and estimates that are right on what is known."""

import math
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mix import ngrams
from stages.mix.ngrams import SCHEMA, by_group, merge, rarefied
from stages.schemas import NGRAMS
from tests.stages.mix.texts import document, word


def documents(texts, source="s"):
    return pl.DataFrame({"source": [source] * len(texts), "origin": ["crawl"] * len(texts), "text": texts})


def count(frame):
    """The table of these documents alone."""
    found = ngrams.Counter()
    found.add(frame)
    return found.table()


def of(counts, bits=0, total=None):
    rows = [("s", "crawl", 1, bits, total or sum(counts), k << bits, c) for k, c in enumerate(counts)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def test_every_order_counts_its_runs(monkeypatch):
    monkeypatch.setattr(ngrams, "ORDERS", (1, 2, 3))
    table = count(documents(["a b a b a", "a b"]))
    assert table.to_arrow().cast(NGRAMS).num_rows == table.height
    found = {n: sorted(g["count"]) for (_, _, n), g in by_group(table).items()}
    assert found == {1: [3, 4], 2: [2, 3], 3: [1, 2]}
    assert {n: set(g["total"]) for (_, _, n), g in by_group(table).items()} == {1: {7}, 2: {5}, 3: {3}}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.data())
def test_rarefaction_is_the_mean_over_all_parts(counts, data):
    total = sum(counts)
    n = data.draw(st.integers(0, total))
    expected = sum(1 - math.comb(total - c, n) / math.comb(total, n) for c in counts)
    assert rarefied(of(counts), [n]) == [pytest.approx(expected, abs=1e-9)]


def test_rarefaction_of_very_frequent_types_and_beyond_the_text():
    counts = [3_000_000, 1_500_000, 5, 1]
    total = sum(counts)
    assert rarefied(of(counts), [total, total + 1]) == [pytest.approx(4), None]
    one = 1 - math.exp(sum(math.log1p(-10 / (total - i)) for i in range(1_500_000)))
    assert rarefied(of(counts), [10])[0] == pytest.approx(1 - 0.3333332**10 + one, abs=1e-4)


def test_a_sample_estimates_what_the_whole_has(monkeypatch):
    texts = [document(f"d{i}", 400) for i in range(40)]
    whole = by_group(count(documents(texts)))
    monkeypatch.setattr(ngrams, "MAX_ROWS", 500)
    for key, part in by_group(count(documents(texts))).items():
        assert part.height <= 500 < whole[key].height or part.equals(whole[key])
        assert set(part["total"]) == set(whole[key]["total"])
        for n in (2000, part["total"][0]):
            assert rarefied(part, [n])[0] == pytest.approx(rarefied(whole[key], [n])[0], rel=0.15)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 2), min_size=12, max_size=12), st.integers(8, 300))
def test_any_cut_into_shards_gives_the_same_bits(dealt, most):
    texts = [" ".join(f"w{word((i * 37 + j * j) % 101 / 101, 60)}" for j in range(60)) for i in range(12)]
    before, ngrams.MAX_ROWS = ngrams.MAX_ROWS, most
    try:
        whole = count(documents(texts))
        parts = [count(documents([t for t, k in zip(texts, dealt) if k == one])) for one in range(3)]
        assert merge(parts).equals(whole)
        assert merge(reversed(parts)).equals(whole)
    finally:
        ngrams.MAX_ROWS = before


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 64), max_size=30), max_size=4))
def test_merged_counts_are_exact_for_the_ngrams_that_stay(parts):
    frames = [
        pl.DataFrame([("s", "crawl", 1, 0, len(p), n, c) for n, c in Counter(p).items()], schema=SCHEMA, orient="row")
        for p in parts
    ]
    before, ngrams.MAX_ROWS = ngrams.MAX_ROWS, 8
    try:
        merged = merge(frames)
    finally:
        ngrams.MAX_ROWS = before
    total = Counter(n for part in parts for n in part)
    bits = merged["bits"].max() or 0
    kept = {n: c for n, c in total.items() if n % 2**bits == 0}
    assert dict(merged.select("ngram", "count").iter_rows()) == (kept if merged.height else {})
    assert merged.height <= 8
    assert bits == 0 or len([n for n in total if n % 2 ** (bits - 1) == 0]) > 8, "sampled more than was needed"
    assert set(merged["total"]) <= {sum(map(len, parts))}


def test_sources_are_sampled_apart(monkeypatch):
    monkeypatch.setattr(ngrams, "MAX_ROWS", 100)
    rows = pl.concat([documents([document("a", 3000)], "big"), documents(["x y z"], "small")])
    bits = {s: g["bits"].max() for (s, *_), g in by_group(count(rows)).items()}
    assert bits["small"] == 0 < bits["big"]
