"""Counts and verdict: each reason, each boundary, and the same figures for any cut into release shards."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mix import counts
from stages.mix.collapse import judge
from stages.mix.counts import count, merge
from stages.mix.params import Collapse
from stages.schemas import NGRAMS, SHARES

CORPORA = Path(os.environ.get("SLUICEGATE_CORPORA", Path(__file__).parents[4] / "shared" / "corpora"))
PARAMS = Collapse(
    min_real_share=0.5,
    warn_real_share=0.667,
    duplicate_ngram=3,
    max_duplicate_share=0.2,
    max_unknown_depth_share=0.05,
    min_ngrams=20,
)
DOCUMENTS = {
    "doc_id": pl.String,
    "copy": pl.Int64,
    "source": pl.String,
    "text": pl.String,
    "n_tokens": pl.Int64,
    "provenance": pl.Struct({"origin": pl.String, "generator": pl.String, "generation_depth": pl.Int64}),
}
SIZES = {"source": pl.String, "origin": pl.String, "missing": pl.String}


def row(name: str, tokens: int, origin: str = "crawl", source: str | None = None, **more: object) -> dict[str, object]:
    made = {"origin": origin, "generator": None, "generation_depth": None}
    if origin == "synthetic":
        made |= {"generator": more.get("generator", "g"), "generation_depth": more.get("depth", 1)}
    text = str(more.get("text", distinct(name, tokens)))
    source = source or ("set" if origin == "synthetic" else "crawl")
    return {
        "doc_id": name,
        "copy": more.get("copy", 0),
        "source": source,
        "text": text,
        "n_tokens": tokens,
        "provenance": made,
    }


def distinct(name: str, words: int) -> str:
    return " ".join(f"{name}x{i}" for i in range(words))


def verdict(
    shards: dict[str, list[dict[str, object]]], missing: list[str | None] | None = None, params: Collapse = PARAMS
) -> dict[str, object]:
    """The verdict on release shards; `missing` are the synthetic rows of mix/sizes (default: one per document)."""
    rows = [r for docs in shards.values() for r in docs if r["provenance"]["origin"] == "synthetic"]
    sizes = [(r["source"], "synthetic", None) for r in rows] + [("set", "synthetic", m) for m in missing or []]
    counted = {s: count({"mix/documents": pl.DataFrame(d, schema=DOCUMENTS)}, params, {}) for s, d in shards.items()}
    for tables in counted.values():
        assert tables["mix/shares"].to_arrow().cast(SHARES).num_rows == tables["mix/shares"].height
        assert tables["mix/ngrams"].to_arrow().cast(NGRAMS).num_rows == tables["mix/ngrams"].height
    tables = {name: {s: t[name] for s, t in counted.items()} for name in ("mix/shares", "mix/ngrams")}
    frame = pl.DataFrame([("crawl", "crawl", None), *sizes], schema=SIZES, orient="row")
    return judge({**tables, "mix/sizes": {"a": frame}}, params, {})


def codes(found: dict[str, object]) -> list[tuple[str, str]]:
    return [(r["code"], r["verdict"]) for r in found["reasons"]]


def test_a_healthy_mixture_passes():
    found = verdict({"0": [row("r", 300), row("s", 100, "synthetic")]})
    assert (found["verdict"], found["reasons"]) == ("PASS", [])
    assert found["figures"]["real_share"] == 0.75
    assert found["sources"]["set"]["figures"]["duplicate_share"] == 0.0
    assert found["sources"]["set"]["figures"]["ngrams"] == 98
    assert json.loads(json.dumps(found)) == found


def test_without_synthetic_source_there_is_nothing_to_check():
    assert codes(verdict({"0": [row("r", 300)]})) == [("nothing_to_check", "PASS")]
    assert verdict({})["verdict"] == "PASS"


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (499, [("real_share_below", "REFUSE")]),
        (500, [("real_share_low", "WARN")]),
        (666, [("real_share_low", "WARN")]),
        (667, []),
    ],
)
def test_bounds_of_the_real_share(real, expected):
    found = verdict({"0": [row("r", real), row("s", 1000 - real, "synthetic")]})
    assert codes(found) == expected
    assert found["verdict"] == (expected[0][1] if expected else "PASS")


def test_copies_of_real_text_beyond_the_fourth_are_not_real():
    docs = [row("r", 100, copy=c) for c in range(8)] + [row("s", 100, "synthetic", text=distinct("s", 100))]
    found = verdict({"0": docs})
    assert found["figures"]["real_share"] == round(400 / 900, 4)
    assert codes(found) == [("real_share_below", "REFUSE")]
    assert found["figures"]["unique_tokens"] == 200


@pytest.mark.parametrize("depth", [2, 3, None])
def test_deep_or_unknown_generations_are_capped(depth):
    near = [row("r", 900), row("s", 50, "synthetic"), row("t", 50, "synthetic", depth=depth)]
    assert codes(verdict({"0": near})) == []
    above = [row("r", 900), row("s", 40, "synthetic"), row("t", 60, "synthetic", depth=depth)]
    found = verdict({"0": above})
    assert codes(found) == [("depth_share_above", "REFUSE")]
    assert found["reasons"][0]["value"] == 0.06


def test_missing_provenance_is_refused_even_at_low_power_and_names_field_and_source():
    found = verdict({"0": [row("r", 100), row("s", 5, "synthetic")]}, ["generator", "licence, generator"])
    assert codes(found) == [
        ("provenance_missing", "REFUSE"),
        ("provenance_missing", "REFUSE"),
        ("low_power", "ABSTAIN"),
    ]
    assert [(r["source"], r["field"], r["value"]) for r in found["reasons"][:2]] == [
        ("set", "generator", 2.0),
        ("set", "licence", 1.0),
    ]
    assert found["sources"]["set"]["figures"]["missing"] == {"generator": 2, "licence": 1}


def test_a_source_of_which_nothing_is_released_is_still_judged():
    found = verdict({"0": [row("r", 100)]}, ["generator"])
    assert ("provenance_missing", "REFUSE") in codes(found)
    assert found["sources"]["set"]["figures"]["duplicate_share"] is None


def test_too_few_ngrams_abstain():
    short = {"0": [row("r", 100), row("s", 21, "synthetic")]}
    assert codes(verdict(short)) == [("low_power", "ABSTAIN")]
    assert verdict({"0": [row("r", 100), row("s", 22, "synthetic")]})["verdict"] == "PASS"


def test_a_source_that_repeats_itself_is_refused():
    texts = ["the very same frame around it " + distinct(f"s{i}", 10) for i in range(10)]
    docs = [row("r", 900), *(row(f"s{i}", 16, "synthetic", text=t) for i, t in enumerate(texts))]
    found = verdict({"0": docs})
    assert codes(found) == [("duplicate_share_above", "REFUSE")]
    assert found["sources"]["set"]["figures"]["duplicate_share"] == round(40 / 140, 4)
    assert found["reasons"][0]["bound"] == 0.2


def test_copies_made_by_weights_are_no_repetition_of_the_source():
    docs = [row("r", 900), *(row("s", 50, "synthetic", copy=c) for c in range(3))]
    assert verdict({"0": docs})["sources"]["set"]["figures"]["duplicate_share"] == 0.0


def test_repetition_is_judged_per_source():
    text = distinct("same", 60)
    docs = [row("r", 900), row("s", 60, "synthetic", text=text), row("t", 60, "synthetic", "other", text=text)]
    assert verdict({"0": docs})["verdict"] == "PASS"


def test_the_largest_generator_is_shown():
    docs = [row("r", 800), row("s", 150, "synthetic", generator="a"), row("t", 50, "synthetic", generator="b")]
    assert verdict({"0": docs})["figures"]["largest_generator_share"] == 0.15


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 2), min_size=24, max_size=24), st.integers(4, 200))
def test_release_shards_move_no_figure_whatever_is_sampled(cut, bound):
    texts = [" ".join(f"w{(i * j) % 17}" for j in range(1, 20)) for i in range(20)]
    docs = [row("r", 500), row("q", 90), row("p", 3), row("o", 1)]
    docs += [row(f"s{i}", 19, "synthetic", "one" if i % 3 else "two", text=t) for i, t in enumerate(texts)]
    before, counts.MAX_NGRAMS = counts.MAX_NGRAMS, bound
    try:
        whole = verdict({"0": docs})
        parts = verdict({str(k): [d for d, c in zip(docs, cut) if c == k] for k in range(3)})
    finally:
        counts.MAX_NGRAMS = before
    assert parts == whole


def test_sampled_counts_are_scaled_up(monkeypatch):
    monkeypatch.setattr(counts, "MAX_NGRAMS", 100)
    found = verdict({"0": [row("r", 9000), row("s", 4002, "synthetic")]})
    assert abs(found["sources"]["set"]["figures"]["ngrams"] - 4000) < 1500


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 64), max_size=30), max_size=4))
def test_merged_counts_are_exact_for_the_ngrams_that_stay(parts):
    frames = [
        pl.DataFrame(
            {"source": ["s"] * len(c), "bits": [0] * len(c), "ngram": list(c), "count": list(c.values())},
            schema={"source": pl.String, "bits": pl.Int64, "ngram": pl.Int64, "count": pl.Int64},
        )
        for c in map(Counter, parts)
    ]
    before, counts.MAX_NGRAMS = counts.MAX_NGRAMS, 8
    try:
        merged = merge(frames)
    finally:
        counts.MAX_NGRAMS = before
    total = Counter(n for part in parts for n in part)
    bits = merged["bits"].max() or 0
    kept = {n: c for n, c in total.items() if n % 2**bits == 0}
    assert dict(merged.select("ngram", "count").iter_rows()) == (kept if merged.height else {})
    assert merged.height <= 8
    assert bits == 0 or len([n for n in total if n % 2 ** (bits - 1) == 0]) > 8, "sampled more than was needed"


@pytest.mark.skipif(not (CORPORA / "human_vs_llm").is_dir(), reason=f"no essays under {CORPORA}")
def test_peoples_essays_are_not_accused_and_a_models_reuse_shows():
    path = CORPORA / "human_vs_llm/toefl_essays_chatgpt.jsonl.gz"
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    docs = [row("r", 10**6, text="real")]
    for label in ("human", "llm"):
        texts = [r["text"] for r in rows if r["label"] == label]
        docs += [row(f"{label}{i}", 300, "synthetic", label, text=t) for i, t in enumerate(texts)]
    found = verdict({"0": docs}, params=PARAMS.model_copy(update={"duplicate_ngram": 8}))["sources"]
    human, llm = (found[name]["figures"]["duplicate_share"] for name in ("human", "llm"))
    assert human < 0.005 < 10 * human < llm < PARAMS.max_duplicate_share
    assert found["human"]["verdict"] == "PASS"
