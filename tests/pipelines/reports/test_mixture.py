"""The panel of the collapse checks: every part is there, lights repeat what was found, hostile words come out inert."""

import json
from math import comb
from pathlib import Path

import polars as pl
import pytest

from pipelines.files import write_json
from pipelines.reports import check_words as w
from stages.mix.canary.figures import Estimate
from stages.mix.canary.keys import bounds
from stages.mix.canary.params import CanaryParams
from tests.pipelines.made import Made
from tests.pipelines.reports.test_build import HOSTILE, KNOWN, Page, page, shown

LOST = {"name": "unseen_3", "value": 0.5, "control": 0.75, "low": 0.7, "high": 0.8, "loss": 0.3333, "p": 0.005}
FINDINGS = [
    LOST | {"gates": True},
    LOST | {"name": "distinct_1", "loss": 0.15, "gates": True},
    LOST | {"name": "distinct_2", "loss": 0.4, "p": 0.5, "gates": True},
    LOST | {"name": "divergence", "p": None, "gates": False},
]


def figure(value, spread=0.01, clamped=False):
    return {"value": value, "spread": spread, "clamped": clamped}


def generations(*values):
    return [{"perplexity": v, "tail": 1.0, "samples": None} for v in values]


CANARY = {
    "reasons": ["ert_tail_below", "entropy_drop_above"],
    "harm": True,
    "ert": {"all": figure(0.4), "tail": figure(-0.5), "mid": figure(0.2), "head": figure(0.9, clamped=True)},
    "entropy_drop": figure(0.5),
    "penalty": figure(1.1),
    "excess": figure(1.0),
    "controls": {"loop": generations(300.0, 400.0), "real_start": generations(300.0, 350.0)},
}
EXHIBITS = {
    "words": 1000,
    "rarefaction": [[250, 100.0, None, 120.0, 130.0], [1000, 200.0, None, 300.0, 330.0]],
    "ranks": [[1, 60000.0, 50000.0], [10, 900.0, 1000.0], [100, 0.0, 100.0]],
    "cut": 100,
    "ngrams": [{"text": "as far as we know", "source": 14, "real": 0.5}],
    "templates": [{"frame": "the … of …", "source": 9, "real": 0.1, "examples": ["the cat of nine", "the end of day"]}],
    "lost": {"tail": 50, "missing": 20, "usual": 7.5, "words": [{"word": "heron", "real": 5.1}]},
}
WEIGHT = {"now": 0.4, "real_share": 0.5, "real_share_low": 0.33, "depth_share": 1.0, "loss": 0.125, "largest": 0.125}
WAIVER = {"name": "A. Person", "reason": "a test", "expires": "2999-12-31"}
FOUND = {
    "verdict": "REFUSE",
    "reasons": [],
    "provenance": {"real": 600, "repeated": 0, "depth_1": 360, "depth_2": 0, "unknown": 40},
    "sources": {
        "tales": {
            "verdict": "REFUSE",
            "figures": {"tokens": 400},
            "rank": {"score": 7.5, "harm": 1.25, "tail_harm": 0.5},
            "found": {"alone": {"windows": 300, "findings": FINDINGS}, "canary": CANARY},
            "weight": WEIGHT,
            "digest": "d" * 32,
        },
        "brief": {"verdict": "ABSTAIN", "found": None, "weight": WEIGHT | {"largest": 0.0}, "waiver": WAIVER},
    },
}


def told(root, exhibits=EXHIBITS, found=FOUND):
    made = Made(root)
    parts = {
        "exhibits": exhibits,
        "bounds": bounds(10**6, Estimate(0.5, 0.0), Estimate(0.0, 0.0), CanaryParams()),
        "alone": {},
    }
    rows = [("tales", part, json.dumps(value)) for part, value in parts.items()]
    made.put("mix/assessments", "tales", pl.DataFrame(rows, schema=["source", "part", "found"], orient="row"))
    made.write()
    write_json(made.store.data("mix", "collapse.json"), found)
    return page(made.store)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return told(tmp_path_factory.mktemp("panel"))


def test_every_part_of_the_panel_is_there(source):
    text = shown(source)
    for words in (
        "Tokens of the mixture by where they come from",
        "real 600 60.0 % refused below",
        "unknown 40 4.0 % counts as depth 2",
        "at most 0.05 of depth 2 or unknown",
        "Source tales ■ REFUSE It has 40.00 % of the mixture's tokens.",
        "All else as it is, nothing refuses up to 12.50 %",
        "the mixture has lost less than its bound",
        f"for a waiver: {'d' * 32}",
        "Perplexity on unseen real text, generation by generation",
        "begun with real text 300 350",
        "head 0.9 ± 0.01 outside what was measured",
        "250 100 – 120 130",
        "cut at rank 100",
        "as far as we know 14 0.5",
        "the … of … the cat of nine the end of day 9 0.1",
        "the source has none of 20; another such set of real text would lack 7.5. The most expected ones: heron (5.1)",
        "tales ■ REFUSE 7.5 1.25 0.5 – 400 40.00 %",
        "Score says how sure it is that something was lost, harm how much",
        "Source brief ◇ ABSTAIN",
        "No weight of this source makes the mixture pass",
        "Waived by A. Person, until 2999-12-31: a test.",
    ):
        assert words in text, words


def test_a_light_is_a_shape_and_a_word_and_repeats_what_was_found(source):
    text = shown(source)
    for words in (
        "kinds of loss. ■ REFUSE 0.5",
        "a small vocabulary. ▲ WARN 0.5",
        "set phrases. ● PASS 0.5",
        "shown only. shown only 0.5",
        "worse off with it. ● PASS 0.4",
        "of another kind. ▲ WARN -0.5 ± 0.01 0 -0.6",
        "one of real text. ▲ WARN 0.5 ± 0.01 0.3 0.6",
    ):
        assert words in text, words


def test_without_harm_a_large_loss_only_warns(tmp_path):
    calm = json.loads(json.dumps(FOUND))
    calm["sources"]["tales"]["found"]["canary"]["harm"] = False
    assert "kinds of loss. ▲ WARN 0.5" in shown(told(tmp_path, found=calm))


def test_every_picture_has_its_table(source):
    pictures = [p.split("</section>")[0] for p in source.split('<section id="collapse">')[1:]]
    assert pictures[0].count("<figure>") == 5
    assert pictures[0].count("The same in numbers") == 4
    assert "Depth 1: by a model" in pictures[0]


def test_words_of_the_text_are_masked_and_inert(tmp_path):
    hostile = " ".join(name[:200] for name in HOSTILE) + " 0170 1234567 jo@example.org"
    mine = EXHIBITS | {
        "ngrams": [
            {"text": hostile, "source": 1, "real": 0.0},
            {"text": "call 0170 1234567", "source": 1, "real": 0.0},
        ],
        "templates": [{"frame": hostile, "source": 3, "real": 0.0, "examples": ["ask jo@example.org", hostile]}],
        "lost": EXHIBITS["lost"] | {"words": [{"word": hostile, "real": 1.0}]},
    }
    out = told(tmp_path, exhibits=mine)
    found = Page(out)
    assert found.tags <= KNOWN
    assert not {a for a in found.attributes if a.startswith("on") or a == "src"}
    assert not set("\u202e\u2066\x1b\x00") & set(out)
    assert "jo@example.org" not in out
    assert "1234567" not in out
    assert "[number]" in out
    assert "[e-mail]" in out


@pytest.mark.parametrize(
    "raw",
    [
        {"provenance": {"real": "x"}, "waiver": 3, "sources": {"s": {"found": {"alone": 3, "canary": []}}}},
        {"sources": {"s": {"found": {"alone": {"findings": [1, {}]}, "canary": {"ert": 3, "controls": {"loop": 4}}}}}},
        {"sources": {"s": {"weight": {"now": "a"}, "waiver": [], "figures": 4}, "t": 3}},
    ],
)
def test_a_file_of_another_form_shows_less(raw, tmp_path):
    assert "Collapse checks" in shown(told(tmp_path, exhibits={}, found=raw | {"verdict": "WARN"}))


def test_a_lost_table_takes_its_curves_and_no_more(tmp_path):
    told(tmp_path)
    made = Made(tmp_path)
    for path in made.store.data("mix", "assessments").glob("*.parquet"):
        path.unlink()
    text = shown(page(made.store))
    assert "Source tales" in text
    assert "as far as we know" not in text


def at_most(k, n, p):
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


def test_the_error_rates_are_those_of_the_benchmark():
    results = Path(__file__).resolve().parents[3] / "benchmarks" / "collapse" / "results"
    found = json.loads((results / "bench.json").read_text())["groups"]
    both = [found["fresh seeds"], found["fresh seeds, held-out families"]]
    benign = [group["all_benign"] for group in both]
    refused = sum(b["verdicts"].get("REFUSE", 0) for b in benign)
    judged = sum(b["n"] for b in benign)
    assert (judged, refused) == (w.BENIGN, w.REFUSED)
    bound, step = float(w.AT_MOST) / 100, 0.001
    assert at_most(refused, judged, bound) <= 0.025 < at_most(refused, judged, bound - step), "Clopper and Pearson"
    for where, share in {"throughout": "1.0", "in three tenths": "0.3", "in a tenth": "0.1"}.items():
        cells = [group["all"][share] for group in both]
        counts = [sum(c["verdicts"].get(v, 0) for c in cells) for v in ("REFUSE", "WARN")]
        assert w.PLANTED[where] == (sum(c["n"] for c in cells), *counts), where
    small = json.loads((results / "labelled.json").read_text())["sizes"]["labelled_10k"]
    counts = [small["all"]["verdicts"].get(v, 0) for v in ("REFUSE", "WARN")]
    assert (small["all"]["n"], *counts) == w.SMALL
    assert (small["all_benign"]["n"], small["all_benign"]["verdicts"].get("REFUSE", 0)) == w.SMALL_BENIGN
    ranks = json.loads((results / "neural-later.json").read_text())["rank"]
    rho = {(r["figure"], r["harm"]): r for r in ranks if r["part"] == "all mixtures"}
    every, tail = rho["harm", "harm all"], rho["harm in the tail", "harm tail"]
    assert (every["n"], f"{every['rho']:.2f}"[1:], f"{tail['rho']:.2f}"[1:]) == (w.MIXTURES, w.RHO, w.RHO_TAIL)
