"""What is shown of a source: curves that follow from counts, and examples that are there because they were planted."""

import json

import numpy as np
import polars as pl
import pytest

from stages.mix.exhibits import DRAWS, SLOT, exhibits
from stages.mix.params import Collapse
from tests.stages.mix.texts import document, unit, windows

SETTINGS = Collapse(
    min_real_share=0.5, warn_real_share=0.6, max_unknown_depth_share=0.05, min_windows=30, max_windows=400, draws=39
)
HOLDS = ["the", "of", "and", "to"]


def planted(name, length):
    """Every fourth word a function word, and a word of its own where the name asks for one."""
    words = document(name, length).split(" ")
    words = [HOLDS[int(unit(name, i) * 4)] if i % 4 == 0 else w for i, w in enumerate(words)]
    if name.startswith("real") and int(name[4:]) % 6 == 0:
        words[15] = "heron"  # a word of the tail, in a sixth of the documents
    if name == "real7":
        words[16:46] = ["hapax"] * 30
    if name.startswith("set") and int(name[3:]) % 3 == 0:
        words[7:12] = ["as", "far", "as", "we", "know"]
    if name.startswith("set") and int(name[3:]) % 4 == 1:
        fill = [f"x{int(unit(name, 'slot', k) * 1000)}" for k in range(6)]
        frame = [fill[0], "the", fill[1], "of", fill[2], "and", fill[3], "to", fill[4], "the", fill[5], "of"]
        words[20:32] = frame
    if name == "set2":
        words[35:50] = ["only", "one", "document", "says", "this"] * 3
    if name.startswith("set") and int(name[3:]) % 5 == 3:
        words[35:47] = ["the", "boats", "of", "the", "north", "and", "the", "salt", "to", "the", "dry", "stone"]
    return " ".join(words)


def poor(name, length):
    """Text of a tenth of the words."""
    return document(name, length, words=400)


REAL = windows([f"real{i}" for i in range(160)], each=1, make=planted)
SET = windows([f"set{i}" for i in range(40)], each=1, make=planted)


@pytest.fixture(scope="module")
def found():
    return exhibits(SET, REAL, SETTINGS, 0.5)


def test_a_curve_ends_at_the_different_words_there_are(found):
    used = found["words"] // 50
    assert used == SET.height
    assert found["rarefaction"][-1][0] == found["words"]
    every = {word for text in SET["text"] for word in text.split(" ")}
    assert found["rarefaction"][-1][1] == len(every)
    assert all(a[1] < b[1] and a[4] < b[4] for a, b in zip(found["rarefaction"], found["rarefaction"][1:]))


def test_real_text_lies_in_the_band_and_poor_text_below():
    like = exhibits(windows([f"new{i}" for i in range(40)]), windows([f"old{i}" for i in range(160)]), SETTINGS, 0.5)
    few = windows([f"new{i}" for i in range(40)], make=poor)
    less = exhibits(few, windows([f"old{i}" for i in range(160)]), SETTINGS, 0.5)
    _, own, _, low, high = like["rarefaction"][-1]
    assert 0.97 * low < own < 1.03 * high
    assert less["rarefaction"][-1][1] < 0.6 * low
    assert less["rarefaction"][-1][1] < less["rarefaction"][-1][2] < low, "half of the mixture is real"
    assert like["cut"] is None
    assert 100 < less["cut"] < 400


def test_from_the_cut_on_there_is_less_than_half():
    steep = windows([f"new{i}" for i in range(40)], make=lambda name, length: document(name, length, power=1.3))
    found = exhibits(steep, windows([f"old{i}" for i in range(160)]), SETTINGS, 1.0)
    before = [row for row in found["ranks"] if row[0] < found["cut"]]
    after = [row for row in found["ranks"] if row[0] >= found["cut"]]
    assert before[-1][1] >= before[-1][2] / 2
    assert after
    assert all(own < real / 2 for _, own, real in after)


def test_what_a_single_document_repeats_is_no_example():
    def repeating(name, length):
        words = document(name, length).split(" ")
        for k in range(0, length, 50):
            words[k + 5 : k + 10] = ["only", "one", "document", "says", "this"] if name == "set2" else words[k : k + 5]
        return " ".join(words)

    source = windows([f"set{i}" for i in range(10)], each=4, make=repeating)
    every = SETTINGS.model_copy(update={"min_windows": 40})
    found = exhibits(source, windows([f"real{i}" for i in range(160)], each=4), every, 1.0)
    assert found["words"] == 2000, "all windows of every document"
    assert "only one document" not in json.dumps(found)


def test_a_source_alone_has_no_curve_of_a_mixture():
    assert {row[2] for row in exhibits(SET, REAL, SETTINGS, 1.0)["rarefaction"]} == {None}


def test_frequencies_by_rank_are_per_million_words(found):
    counts = pl.Series([w for t in SET["text"] for w in t.split(" ")]).value_counts()["count"]
    assert found["ranks"][0][:2] == [1, pytest.approx(counts.max() / found["words"] * 1e6, abs=0.01)]
    assert [row[0] for row in found["ranks"]][:6] == [1, 2, 3, 5, 6, 7]


def test_a_run_that_documents_share_is_shown_with_its_counts(found):
    first = found["ngrams"][0]
    assert first == {"text": "as far as we know", "source": 14, "real": 0.0}
    assert not [n for n in found["ngrams"] if "far as we know" in n["text"] and n != first], (
        "its neighbours say no more"
    )
    assert "only one document" not in json.dumps(found)


def test_a_template_is_shown_with_its_slots_and_different_fillings(found):
    first = found["templates"][0]
    assert first["frame"].split(" ") == [SLOT, "the", SLOT, "of", SLOT, "and", SLOT, "to", SLOT, "the", SLOT, "of"]
    assert first["source"] == 10
    assert len(set(first["examples"])) == 3
    assert all(e.split(" ")[1::2] == ["the", "of", "and", "to", "the", "of"] for e in first["examples"])
    assert all(len(set(t["examples"])) > 1 for t in found["templates"]), "a copy is no template"


def test_words_of_the_tail_that_are_gone_are_named(found):
    lost = found["lost"]
    assert "heron" in [w["word"] for w in lost["words"]]
    assert "hapax" not in json.dumps(lost), "one document is nobody's tail"
    assert all(1 <= w["real"] <= 10 for w in lost["words"])
    assert lost["missing"] <= lost["tail"]
    assert 0 < lost["usual"] < lost["tail"]


def test_the_order_of_rows_changes_nothing_and_sizes_are_bounded(found):
    mixed = [t[np.random.default_rng(1).permutation(t.height).tolist()] for t in (SET, REAL)]
    assert exhibits(*mixed, SETTINGS, 0.5) == found
    assert (len(found["ngrams"]) <= 20, len(found["templates"]) <= 5, len(found["lost"]["words"]) <= 30) == (True,) * 3
    assert len(found["rarefaction"]) < 32
    assert len(json.dumps(found)) < 20_000
    assert DRAWS == 39
