"""Exact rules and the verdict on the whole: each reason, each boundary, and the same for any cut into shards."""

import json

import polars as pl
import pytest

from stages.mix.collapse import assessment, judge, share_of, to_judge
from stages.mix.counts import count
from stages.mix.ngrams import SCHEMA as NGRAMS
from stages.mix.params import Collapse, MixParams, Reference, SyntheticSource
from stages.mix.verdict import digest
from stages.schemas import SHARES

SETTINGS = Collapse(min_real_share=0.5, warn_real_share=0.667, max_unknown_depth_share=0.05, min_windows=20)
LEAST = 20 * 50

DOCUMENTS = {
    "doc_id": pl.String,
    "copy": pl.Int64,
    "source": pl.String,
    "n_tokens": pl.Int64,
    "provenance": pl.Struct({"origin": pl.String, "generator": pl.String, "generation_depth": pl.Int64}),
}
SIZES = {"source": pl.String, "origin": pl.String, "missing": pl.String}


def params(reference=None, **more):
    synthetic = {n: SyntheticSource(files=("x.jsonl",), reference=reference) for n in ("set", "other")}
    return MixParams(shards=1, seed=1, synthetic=synthetic, weights=None, max_copies=4, collapse=SETTINGS, **more)


def row(name, tokens, origin="crawl", source=None, **more):
    made = {"origin": origin, "generator": None, "generation_depth": None}
    if origin == "synthetic":
        made |= {"generator": more.get("generator", "g"), "generation_depth": more.get("depth", 1)}
    source = source or ("set" if origin == "synthetic" else "crawl")
    return {"doc_id": name, "copy": more.get("copy", 0), "source": source, "n_tokens": tokens, "provenance": made}


def counted(shards):
    """mix/shares of release shards."""
    frames = {s: count({"mix/documents": pl.DataFrame(d, schema=DOCUMENTS)}, None, {}) for s, d in shards.items()}
    for tables in frames.values():
        assert tables["mix/shares"].to_arrow().cast(SHARES).num_rows == tables["mix/shares"].height
    return {s: t["mix/shares"] for s, t in frames.items()}


def assessed(reasons=(), **parts):
    rows = [("set", part, json.dumps(found)) for part, found in {"reasons": list(reasons), **parts}.items()]
    return pl.DataFrame(rows, schema={"source": pl.String, "part": pl.String, "found": pl.String}, orient="row")


def verdict(shards, missing=None, own=None, waivers=(), found=None, ngrams=None):
    """The verdict on release shards; `missing` are the synthetic rows of mix/sizes (default: one per document)."""
    rows = [r for docs in shards.values() for r in docs if r["provenance"]["origin"] == "synthetic"]
    sizes = [(r["source"], "synthetic", None) for r in rows] + [("set", "synthetic", m) for m in missing or []]
    frame = pl.DataFrame([("crawl", "crawl", None), *sizes], schema=SIZES, orient="row")
    tables = {"mix/shares": counted(shards), "mix/sizes": {"a": frame}, "mix/ngrams": ngrams or {}}
    return judge({**tables, "mix/assessments": found or {}}, own or params(), waivers)


LOW = ("low_power", "ABSTAIN")


def codes(found):
    return [(r["code"], r["verdict"]) for r in found["reasons"]]


def test_a_healthy_mixture_passes():
    fine = assessed(alone={"kind": "Comparison"})
    found = verdict({"0": [row("r", 3000), row("s", 1000, "synthetic")]}, found={"set": fine}, own=params("seeds"))
    assert (found["verdict"], found["reasons"]) == ("PASS", [])
    assert found["figures"]["real_share"] == 0.75
    assert found["sources"]["set"]["found"]["alone"] == {"kind": "Comparison"}
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
    assert [c for c in codes(found) if c != LOW] == expected


def test_copies_of_real_text_beyond_the_fourth_are_not_real():
    docs = [row("r", 100, copy=c) for c in range(8)] + [row("s", 100, "synthetic")]
    found = verdict({"0": docs})
    assert found["figures"]["real_share"] == round(400 / 900, 4)
    assert codes(found) == [("real_share_below", "REFUSE"), LOW]
    assert found["figures"]["unique_tokens"] == 200


@pytest.mark.parametrize("depth", [2, 3, None])
def test_deep_or_unknown_generations_are_capped(depth):
    near = [row("r", 900), row("s", 50, "synthetic"), row("t", 50, "synthetic", depth=depth)]
    assert codes(verdict({"0": near})) == [LOW]
    above = [row("r", 900), row("s", 40, "synthetic"), row("t", 60, "synthetic", depth=depth)]
    found = verdict({"0": above})
    assert codes(found) == [("depth_share_above", "REFUSE"), LOW]
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
    assert found["sources"]["set"]["found"] is None


def test_the_largest_generator_is_shown():
    docs = [row("r", 800), row("s", 150, "synthetic", generator="a"), row("t", 50, "synthetic", generator="b")]
    assert verdict({"0": docs})["figures"]["largest_generator_share"] == 0.15


@pytest.mark.parametrize(
    ("tokens", "reference", "expected"),
    [
        (LEAST - 1, None, [LOW]),
        (LEAST - 1, "seeds", [LOW]),
        (LEAST, None, [("no_reference", "ABSTAIN")]),
    ],
)
def test_a_source_that_was_not_looked_at_abstains_without_a_figure(tokens, reference, expected):
    found = verdict({"0": [row("r", 10**6), row("s", tokens, "synthetic")]}, own=params(reference))
    assert codes(found) == expected
    assert found["sources"]["set"]["found"] is None
    named = {"no_reference": "mix.synthetic.set.reference", "low_power": "tokens"}
    assert found["reasons"][0]["field"] == named[expected[0][0]]


def test_a_waiver_of_a_source_without_reference_is_one_of_its_size():
    found = [verdict({"0": [row("r", 10**6), row("s", n, "synthetic")]}) for n in (LEAST, LEAST + 1)]
    assert len({f["sources"]["set"]["digest"] for f in found}) == 2


@pytest.mark.parametrize(("short", "expected"), [(2, []), (3, [LOW])])
def test_windows_say_nothing_of_a_source_most_of_which_gives_none(short, expected):
    """Short: of 49 tokens, one fewer than a window has words. Copies of a document count once."""
    docs = [row(f"s{i}", 49, "synthetic", copy=c) for i in range(short) for c in (0, 1)]
    mixture = {"0": [row("r", 9000), row("long", 1049 - 49 * short, "synthetic"), row("w", 50, "synthetic"), *docs]}
    fine = assessed(alone={"kind": "Comparison"}, rank={"score": 0.1})
    found = verdict(mixture, found={"set": fine}, own=params("seeds"))
    assert codes(found) == expected
    source = found["sources"]["set"]
    assert (source["found"] is None, source["rank"] is None) == (bool(expected),) * 2
    if expected:
        assert found["reasons"][0]["field"] == "short_documents"
        assert found["reasons"][0]["value"] == round(147 / 1099, 4)


def test_a_curve_is_shown_of_a_source_that_was_judged():
    table = pl.DataFrame(
        [("set", o, 1, 0, 2000, k, 2) for o in ("synthetic",) for k in range(1000)], schema=NGRAMS, orient="row"
    )
    mixture = {"0": [row("r", 3000), row("s", 1000, "synthetic")]}
    fine = assessed(alone={"kind": "Comparison"})
    for found, expected in (({"set": fine}, [[1000, 750], [2000, 1000]]), ({}, None)):
        whole = verdict(mixture, found=found, own=params("seeds"), ngrams={"0": table})
        assert whole["sources"]["set"]["curve"] == expected


def test_no_weight_is_small_enough_for_rows_without_provenance():
    mixture = {"0": [row("r", 3000), row("s", 1000, "synthetic")]}
    assert verdict(mixture)["sources"]["set"]["weight"]["largest"] == 0.5
    assert verdict(mixture, ["licence"])["sources"]["set"]["weight"]["largest"] == 0.0


def test_sources_with_reference_and_enough_first_copies_are_looked_at():
    big = {"0": [row("s", LEAST, "synthetic"), row("t", LEAST - 1, "synthetic", "other")]}
    assert to_judge(counted(big), params("seeds")) == ("set",)
    assert to_judge(counted(big), params()) == ()
    copies = {"0": [row("s", LEAST // 2, "synthetic", copy=c) for c in (0, 1)]}
    assert to_judge(counted(copies), params("seeds")) == ()


def test_what_was_found_on_a_source_counts_in_the_whole():
    reason = {"code": "harm_and_loss", "verdict": "REFUSE", "source": "set", "value": 0.4, "bound": 0.2}
    bad = assessed([reason], alone={"windows": 300}, weight={"largest": 0.25})
    mixture = {"0": [row("r", 3000), row("s", 1000, "synthetic")]}
    found = verdict(mixture, found={"set": bad}, own=params("seeds"))
    assert codes(found) == [("harm_and_loss", "REFUSE")]
    assert found["verdict"] == found["sources"]["set"]["verdict"] == "REFUSE"
    assert found["sources"]["set"]["weight"]["loss"] == found["sources"]["set"]["weight"]["largest"] == 0.25


def test_an_abstaining_judgement_shows_no_figure():
    reason = {"code": "low_power", "verdict": "ABSTAIN", "source": "set", "field": "windows", "value": 3.0}
    mixture = {"0": [row("r", 3000), row("s", 1000, "synthetic")]}
    found = verdict(mixture, found={"set": assessed([reason], alone={"windows": 3})}, own=params("seeds"))
    assert codes(found) == [LOW]
    assert found["sources"]["set"]["found"] is None


def test_a_waiver_is_stored_with_what_it_waived():
    mixture = {"0": [row("r", 400), row("s", 600, "synthetic")]}
    refused = verdict(mixture)
    assert refused["verdict"] == "REFUSE"
    one = {"source": None, "verdict_digest": refused["digest"], "name": "n", "reason": "w", "expires": "2999-01-01"}
    two = one | {"source": "set", "verdict_digest": refused["sources"]["set"]["digest"]}
    held = verdict(mixture, waivers=[w | {"in_force": True} for w in (one, two)])
    assert held["verdict"] == "WARN"
    assert [(r["code"], r["field"]) for r in held["reasons"]] == [
        ("waived", "REFUSE: real_share_below"), ("waived", "ABSTAIN: low_power")
    ]  # fmt: skip
    assert held["waiver"]["name"] == held["sources"]["set"]["waiver"]["name"] == "n"
    assert (held["digest"], held["sources"]["set"]["digest"]) == (one["verdict_digest"], two["verdict_digest"])
    expired = verdict(mixture, waivers=[w | {"in_force": False} for w in (one, two)])
    assert expired["verdict"] == "REFUSE"
    assert expired["waiver"] is None


def test_the_digest_of_the_whole_is_of_its_own_reasons():
    """A source's figures move its own digest, not that of the mixture."""
    mixture = {"0": [row("r", 400), row("s", 600, "synthetic")]}
    other = {"0": [row("r", 400), row("s", 300, "synthetic"), row("t", 300, "synthetic", "other")]}
    assert verdict(mixture)["digest"] == verdict(other)["digest"] != digest(None, "PASS", [])


def test_shares_are_of_tokens_and_of_paid_copies():
    docs = [row("r", 100, copy=c) for c in range(6)] + [row("s", 100, "synthetic"), row("t", 300, "synthetic", "other")]
    assert share_of(counted({"0": docs[:3], "1": docs[3:]}), "set") == (100 / 500, 400 / 1000)
    assert share_of(counted({"0": []}), "set") == (0.0, 0.0)


def test_release_shards_move_no_figure():
    docs = [row("r", 500), row("q", 90), row("s", 20, "synthetic"), row("t", 30, "synthetic", "other", depth=2)]
    whole = verdict({"0": docs})
    assert verdict({"0": docs[::2], "1": docs[1::2]}) == verdict({"0": docs[3:], "1": docs[:3]}) == whole


def test_an_assessment_is_read_back_by_part():
    assert assessment(assessed([], canary=None)) == {"reasons": [], "canary": None}


@pytest.mark.parametrize("bad", [{}, {"files": ("x",), "hosts": ("a.example",)}])
def test_a_reference_is_files_or_a_part_of_the_crawl(bad):
    with pytest.raises(ValueError, match="name either files, or at least one of sources, hosts and languages"):
        Reference(**bad)


@pytest.mark.parametrize(
    ("bent", "said"),
    [
        ({"warn_real_share": 0.4}, "min_real_share 0.5 is above warn_real_share 0.4"),
        ({"warn_loss": 0.5}, "warn_loss 0.5 is above refuse_loss 0.2"),
        ({"draws": 19, "alpha": 0.01}, "draws 19 cannot show a p-value of alpha 0.01: take 100"),
    ],
)
def test_bounds_that_contradict_each_other_are_errors(bent, said):
    base = {"min_real_share": 0.5, "warn_real_share": 0.667, "max_unknown_depth_share": 0.05}
    with pytest.raises(ValueError, match=said):
        Collapse(**(base | bent))
