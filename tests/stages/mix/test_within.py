"""A source beside matched controls: calibrated on real text, and able to see what was planted."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from stages.mix import within
from stages.mix.corpus import STATISTICS
from stages.mix.windows import sample
from stages.mix.within import Comparison, Short, compare
from tests.stages.mix.texts import document, unit, windows

CORPORA = Path(os.environ.get("SLUICEGATE_CORPORA", ""))

REAL = windows([f"real{i}" for i in range(150)])
FEW = {"least": 30, "most": 60, "draws": 39}


def halves(salt):
    first = pl.Series([unit(salt, d) < 0.3 for d in REAL["doc_id"]])
    return REAL.filter(first), REAL.filter(~first)


def test_p_values_of_real_text_are_uniform():
    """Sixty cuts of one pool into a source and its reference: small p-values are as rare as they say."""
    found = [compare(*halves(k), **FEW) for k in range(60)]
    smallest = np.array([min(f.p for f in c.findings if f.gates) for c in found])
    for level in (0.1, 0.25, 0.5):
        assert np.mean(smallest <= level) <= level + 0.13
    assert smallest.max() > 0.8


def test_controls_have_the_source_between_them():
    c = compare(*halves(1), **FEW)
    assert isinstance(c, Comparison)
    assert [f.name for f in c.findings] == [s.name for s in STATISTICS]
    assert all(f.low <= f.control <= f.high for f in c.findings)
    assert np.mean([f.low <= f.value <= f.high for f in c.findings]) > 0.6
    assert [f.p is None for f in c.findings] == [not f.gates for f in c.findings]


def edited(lightly):
    """Windows of the reference; of one in `lightly` every 25th word is another one, of the others every sixth."""
    texts = []
    for k, text in enumerate(REAL["text"]):
        every = 25 if k % lightly == 0 else 6
        texts.append(" ".join("zzz" if i % every == 0 else w for i, w in enumerate(text.split())))
    return REAL.with_columns(text=pl.Series(texts), doc_id=pl.format("made {}", "doc_id"))


@pytest.mark.parametrize(("lightly", "gates"), [(1, False), (20, True)])
def test_text_edited_out_of_its_reference_is_not_blamed_for_being_easy(lightly, gates):
    found = compare(edited(lightly).head(300), REAL, **FEW)
    assert found.finding("predictable").gates is gates
    assert (found.finding("predictable").p is not None) is gates
    assert all(f.gates for f in found.findings if f.name.startswith("unseen"))


def sharpened(name, length):
    return document(name, length, power=1.6)


def loop(name, length):
    return " ".join(document(f"{name}{k % 4}", 50) for k in range(length // 50))


def truncated(name, length):
    return document(name, length, words=400)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (sharpened, {"distinct_1", "distinct_2", "rare_mass"}),
        (truncated, {"distinct_1", "rare_mass", "rare_coverage"}),
        (lambda name, length: loop("x", length), {"reused_8", "unseen_3", "self_repetition", "distinct_4"}),
    ],
)
def test_what_was_planted_is_found(make, named):
    c = compare(windows([f"m{i}" for i in range(40)], 3, make), REAL, **FEW)
    lost = {f.name for f in c.lost(0.1, 0.05)}
    assert named <= lost
    assert c.largest > 5
    assert c.mean_loss(sorted(named)) > 0.1


def test_what_is_told_apart_is_said_and_counts_for_nothing():
    """Other words in the same variety: a classifier knows every window, and nothing is lost."""
    other = windows([f"o{i}" for i in range(40)], 3, lambda name, length: document(name, length).replace("w", "v"))
    for source, told in ((other, 1.0), (windows([f"s{i}" for i in range(40)], 3), 0.5)):
        found = {f.name: f for f in compare(source, REAL, **FEW).findings}["separability"]
        assert found.value == pytest.approx(told, abs=0.1)
        assert found.control == pytest.approx(0.5, abs=0.1)
        assert (found.gates, found.p) == (False, None)


def test_a_clump_of_repeats_stands_out_by_how_many_times_the_others_it_has():
    """Four times as much of it lies as many logarithms further off, in units of the least spread."""
    reused = [s.name for s in STATISTICS].index("reused_8")
    null = np.tile(np.linspace(0.9, 1.1, 39)[:, None], (1, len(STATISTICS))) * 0.5
    null[:, reused] = np.geomspace(0.0007, 0.0014, 39)
    observed = np.full(len(STATISTICS), 0.5)
    far = []
    for value in (0.002, 0.008):
        observed[reused] = value
        far.append(within._findings(observed, null, np.array([reused]), 1000, 1.0)[reused].deviation)
    assert np.log(np.geomspace(0.0007, 0.0014, 39) + 0.002).std(ddof=1) < 0.3
    assert far[1] - far[0] == pytest.approx(np.log(0.010 / 0.004) / 0.3)


def test_other_composition_is_no_loss():
    """Two domains, one poorer than the other: a source of the poorer alone is compared with that alone."""
    poor = windows([f"p{i}" for i in range(150)], 3, truncated, domain="poor")
    both = pl.concat([REAL, poor])
    source = windows([f"q{i}" for i in range(40)], 3, truncated, domain="poor")
    assert compare(source, both, **FEW).lost(0.1, 0.05) == ()
    anonymous = source.with_columns(domain=pl.lit("")), both.with_columns(domain=pl.lit(""))
    assert compare(*anonymous, **FEW).lost(0.1, 0.05) != ()


def test_too_little_text_gives_no_figure():
    found = compare(REAL.head(20), REAL.tail(300), **FEW)
    assert isinstance(found, Short)
    assert found.windows <= found.source == 20
    assert found.reference == 300
    assert compare(REAL.head(0), REAL, **FEW) == Short(0, 0, 450, 0.0)
    assert compare(REAL, REAL.head(0), **FEW).windows == 0


def test_strata_without_reference_are_said_to_be_so():
    foreign = windows([f"f{i}" for i in range(40)], 3, language="sv")
    found = compare(pl.concat([REAL.head(200), foreign]), REAL, **FEW)
    assert isinstance(found, Short)
    assert found.unmatched == pytest.approx(120 / 320, abs=0.03)
    assert found.windows >= FEW["least"]


def test_the_order_of_rows_plays_no_part():
    one, two = halves(1)
    assert compare(one.reverse(), two.reverse(), **FEW) == compare(one, two, **FEW)


@pytest.mark.skipif(not (CORPORA / "human_vs_llm").is_dir(), reason=f"no essays under {CORPORA}")
def test_peoples_essays_are_not_accused_and_a_models_loss_is_found():
    path = CORPORA / "human_vs_llm/toefl_essays_chatgpt.jsonl.gz"
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    cut = {}
    for label in ("human", "llm"):
        own = [
            (label, "crawl", "", "en", f"{label}{i}", None, r["text"])
            for i, r in enumerate(rows)
            if r["label"] == label
        ]
        columns = ("source", "origin", "domain", "language", "doc_id", "host", "text")
        cut[label] = sample(
            pl.DataFrame(own, schema=columns, orient="row", schema_overrides={"host": pl.String}), 10**6
        )
    sizes = {"least": 100, "most": 4000, "draws": 99}
    model = compare(cut["llm"], cut["human"], **sizes)
    assert {"unseen_3", "distinct_3", "self_repetition"} <= {f.name for f in model.lost(0.02, 0.05)}
    some = pl.Series([unit("half", d) < 0.3 for d in cut["human"]["doc_id"]])
    people = compare(cut["human"].filter(some), cut["human"].filter(~some), **sizes)
    assert people.lost(0.1, 0.05) == ()
