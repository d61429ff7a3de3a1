"""What a source declares, and the windows of source and reference that follow from it."""

import polars as pl
import pytest

from stages.mix.declared import declare, sample, sample_file
from stages.mix.params import Reference, WindowParams
from stages.schemas import DECLARED, NGRAMS, WINDOWS
from tests.conftest import ROOT
from tests.stages.mix.texts import document

MODELS = {"language": str(ROOT / "data" / "models" / "language" / "model.ftz")}
PROVENANCE = pl.Struct({"origin": pl.String, "reference": pl.String})
COLUMNS = dict.fromkeys(("doc_id", "url", "host", "source", "text", "language"), pl.String)
ENGLISH = "the tide comes in twice a day and the harbour fills with boats that wait for the water to turn again "
FRENCH = "la mer monte deux fois par jour et le port se remplit de bateaux qui attendent que la mer descende encore "


def real(name, host="a.example", source="crawl", language="en", **text):
    row = {"doc_id": name, "url": f"https://{host}/{name}", "host": host, "source": source, "language": language}
    provenance = {"origin": "crawl", "reference": None}
    return row | {"copy": 0, "text": text.get("text", document(name, 120)), "provenance": provenance}


def made(name, reference="", source="set", text=None, copy=0):
    row = {"doc_id": name, "url": None, "host": None, "source": source, "language": None, "copy": copy}
    provenance = {"origin": "synthetic", "reference": reference}
    return row | {"text": text or document(name, 120), "provenance": provenance}


def seeds(*values, source="set"):
    rows = [(source, "reference", v, 1) for v in values]
    return pl.DataFrame(
        rows, schema={"source": pl.String, "field": pl.String, "value": pl.String, "count": pl.Int64}, orient="row"
    )


def sampled(rows, references, declared=None, reservoir=100):
    frame = pl.DataFrame(rows, schema=COLUMNS | {"copy": pl.Int64, "provenance": PROVENANCE})
    tables = {"mix/documents": frame, "mix/declared": seeds() if declared is None else declared}
    found = sample(tables, WindowParams(reservoir=reservoir, references=references), MODELS)
    assert found["mix/windows"].to_arrow().cast(WINDOWS).num_rows == found["mix/windows"].height
    assert found["mix/ngrams"].to_arrow().cast(NGRAMS).num_rows == found["mix/ngrams"].height
    return found


def reference(found):
    return sorted(set(found["mix/windows"].filter(origin="reference")["doc_id"]))


def test_declarations_are_counted_over_all_shards():
    columns = ("source", "reference", "decoding")
    one = pl.DataFrame([("s", "u1", "{}"), ("s", "u1", None), ("t", "u2", "{}")], schema=columns, orient="row")
    found = declare({"mix/synthetic": {"b": one, "a": one.head(1)}}, None, {})["mix/declared"]
    assert found.to_arrow().cast(DECLARED).num_rows == 4
    assert found.rows() == [
        ("s", "decoding", "{}", 2),
        ("s", "reference", "u1", 3),
        ("t", "decoding", "{}", 1),
        ("t", "reference", "u2", 1),
    ]
    assert declare({"mix/synthetic": {}}, None, {})["mix/declared"].height == 0


def test_seeds_are_found_by_address_and_by_doc_id():
    rows = [real("p1"), real("p2"), real("p3", "b.example"), made("m1", "https://a.example/p1"), made("m2", "p3")]
    found = sampled(rows, {"set": "seeds"}, seeds("https://a.example/p1", "p3"))
    assert reference(found) == ["p1", "p3"]
    domains = found["mix/windows"].select("doc_id", "domain").unique().sort("doc_id").rows()
    assert domains == [("m1", "a.example"), ("m2", ""), ("p1", "a.example"), ("p3", "")]


def test_seeds_of_another_source_are_not_ours():
    rows = [real("p1"), made("m1", "p1")]
    assert reference(sampled(rows, {"set": "seeds"}, seeds("p1", source="other"))) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (Reference(sources=("news",)), ["n1"]),
        (Reference(languages=("sv",)), ["s1"]),
        (Reference(hosts=("b.example",)), ["h1", "h2"]),
        (Reference(hosts=("b.example",), languages=("sv",)), []),
        (Reference(sources=("crawl",), languages=("en",)), ["h1", "h2", "p1"]),
    ],
)
def test_a_part_of_the_crawl_is_what_meets_all_that_is_named(spec, expected):
    rows = [real("p1"), real("n1", source="news"), real("s1", language="sv")]
    rows += [real("h1", "b.example"), real("h2", "www.b.example"), made("m1")]
    found = sampled(rows, {"set": spec})
    assert reference(found) == expected
    assert set(found["mix/windows"]["domain"]) == {""}


def test_synthetic_rows_have_the_language_of_their_text():
    found = sampled([made("m1", text=ENGLISH * 6), made("m2", text=FRENCH * 6)], {"set": "seeds"})["mix/windows"]
    assert dict(found.select("doc_id", "language").unique().iter_rows()) == {"m1": "en", "m2": "fr"}


def test_copies_and_sources_that_are_not_judged_give_no_window():
    rows = [made("m1"), made("m1", copy=1), made("m2", source="other")]
    found = sampled(rows, {"set": "seeds"})
    assert set(found["mix/windows"]["doc_id"]) == {"m1"}
    assert set(found["mix/ngrams"]["source"]) == {"set"}
    once = sampled(rows[:1], {"set": "seeds"})
    assert found["mix/ngrams"].equals(once["mix/ngrams"])


def test_the_crawl_is_counted_beside_the_source():
    found = sampled([real("p1"), real("n1", source="news"), made("m1")], {"set": "seeds"})["mix/ngrams"]
    groups = found.select("source", "origin").unique().sort("source").rows()
    assert groups == [("crawl", "crawl"), ("news", "crawl"), ("set", "synthetic")]


@pytest.mark.parametrize("slice_", [1, 2000, 20_000])
def test_slices_of_any_size_give_the_same_bits(monkeypatch, slice_):
    """A source that comes late has its windows, though the reservoir of the others is full by then."""
    rows = [real(f"d{i}", text=document(f"d{i}", 60 + 90 * i)) for i in range(12)]
    rows += [made(f"m{i}", text=ENGLISH * 20) for i in range(3)]
    rows += [real("late", source="news", text=document("late", 900)), real("none", text=None)]
    references = {"set": Reference(sources=["crawl"]), "news": Reference(sources=["news"])}
    whole = sampled(rows, references, reservoir=8)
    monkeypatch.setattr("stages.mix.declared.SLICE", slice_)
    parts = sampled(rows, references, reservoir=8)
    assert whole["mix/windows"].equals(parts["mix/windows"])
    assert whole["mix/ngrams"].equals(parts["mix/ngrams"])
    found = whole["mix/windows"].group_by("source", "origin", "position").len().sort("source", "origin", "position")
    assert found.rows() == [
        ("news", "reference", "body", 8), ("news", "reference", "head", 1),
        ("set", "reference", "body", 8), ("set", "reference", "head", 8),
        ("set", "synthetic", "body", 8), ("set", "synthetic", "head", 3),
    ]  # fmt: skip


def test_a_file_of_real_text_gives_windows_too():
    rows = pl.DataFrame(
        {"text": [ENGLISH * 6, None, FRENCH * 6], "id": [7, 8, None], "url": ["http://c.example/x", None, None]}
    )
    found = sample_file(rows, "set", 100, MODELS["language"])["mix/windows"]
    assert found.to_arrow().cast(WINDOWS).num_rows == found.height > 2
    assert set(found["origin"]) == {"reference"}
    assert set(found["language"]) == {"en", "fr"}
    assert found["doc_id"].n_unique() == 2
    assert set(found["host"]) == {"c.example", None}
    assert sample_file(rows.select("text"), "set", 100, MODELS["language"])["mix/windows"]["doc_id"].n_unique() == 2


def test_addresses_are_one_word_on_every_side():
    """Words of a window have no punctuation left by which an address could be told, and masked."""
    said = "write to jo.b@mail.example.org or jo (at) mail.example.org from 192.0.2.77 " + ENGLISH * 3
    rows = [real("r1") | {"text": said}, made("m1", text=said)]
    found = sampled(rows, {"set": Reference(hosts=("a.example",))})["mix/windows"]
    filed = sample_file(pl.DataFrame({"text": [said]}), "set", 100, MODELS["language"])["mix/windows"]
    for windows in (found.filter(origin="synthetic"), found.filter(origin="reference"), filed):
        text = " ".join(windows["text"])
        assert "write to email or email from ip" in text
        assert "example" not in text
