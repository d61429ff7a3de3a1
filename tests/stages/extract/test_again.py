import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.extract import engine
from stages.extract.again import LEFT, is_looser, merged, passed_over, turned_away
from stages.extract.params import ExtractParams, Prefilter
from stages.extract.shard import ShardFacts, extract

MODEL = str(Path(__file__).resolve().parents[3] / "data" / "models" / "language" / "model.ftz")
FACTS = ShardFacts("s", "crawl", "s.warc.gz", "f" * 32)
LINES = {
    "en": "The harbour was quiet in the morning, and the boats lay at their moorings as they had all winter.",
    "de": "Der Hafen war am Morgen still, und die Boote lagen an ihren Plätzen wie den ganzen Winter über.",
    "fr": "Le port était calme ce matin, et les bateaux restaient à leur place comme pendant tout l'hiver.",
}


def params(prefilter):
    return ExtractParams(
        max_page_bytes=1_000_000,
        max_nodes=10_000,
        max_depth=100,
        max_text_chars=1_000_000,
        min_text_chars=1,
        keep_status=(200,),
        prefilter=prefilter,
    )


def run(raw, prefilter, forbidden=None):
    tasks = []

    def here(pages):
        tasks.extend(page.task for page in pages)
        return [engine.answer(page) for page in pages]

    done = extract(io.BytesIO(raw), FACTS, params(prefilter), {"language": MODEL}, forbidden or {}, 1.0, here)
    return done.tables, tasks


def archive(warcs, picks):
    """Pages of some languages and lengths, a repeat, an error page, and bytes that are no record."""
    made = []
    for i, (language, n) in enumerate(picks):
        body = f"<meta charset=utf-8><article>{'<p>' + LINES[language] * n}</article>".encode()
        made.append(warcs.record(body, name=f"<urn:{i}>", url=f"http://h{i}.example/"))
    bad = warcs.record(name="<urn:bad>", http="HTTP/1.1 404 No\r\nContent-Type: text/html\r\n")
    return warcs.zipped(*made, bad) + b"no record" + warcs.zipped(*made[:1])


LOOSENED = [
    (Prefilter(languages=("en",)), Prefilter()),
    (Prefilter(languages=("en",)), Prefilter(languages=("de", "en"))),
    (Prefilter(min_words=80), Prefilter(min_words=30)),
    (Prefilter(min_words=80, languages=("de",)), Prefilter(min_words=30, languages=("de", "fr"))),
    (Prefilter(min_words=80, languages=()), Prefilter(min_words=80, languages=("fr",))),
]
PAGES = st.lists(st.tuples(st.sampled_from(sorted(LINES)), st.integers(1, 8)), min_size=1, max_size=6)


@given(picks=PAGES, bounds=st.sampled_from(LOOSENED))
@example(picks=[("de", 6), ("en", 6), ("fr", 6)], bounds=LOOSENED[0])
@settings(max_examples=30, deadline=None)
def test_loosened_bounds_give_what_a_run_from_nothing_gives(warcs, picks, bounds):
    raw, (old, new) = archive(warcs, picks), bounds
    before, _ = run(raw, old)
    again = turned_away(before["extract/decisions"])
    read, tasks = run(raw, new, passed_over(before["extract/decisions"], again))
    whole, _ = run(raw, new)
    found = merged(before, read, again)
    assert found.keys() == whole.keys()
    for name, table in whole.items():
        assert found[name].equals(table), name
    assert tasks.count("look") == len(again)


def test_what_other_rules_rejected_is_read_again_only_where_a_bound_stood_beside_them(warcs):
    bad = b"<meta charset=utf-8><p>" + b"\xff" * 60 + LINES["de"].encode() * 4
    raw = warcs.record(bad, http="HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n")
    tables, _ = run(raw, Prefilter(min_words=1000))
    row = tables["extract/decisions"].row(0, named=True)
    assert (row["reason"], row["also"]) == ("undecodable", ["prefilter_min_words"])
    assert turned_away(tables["extract/decisions"]) == {row["doc_id"]}
    assert passed_over(tables["extract/decisions"], frozenset()) == {row["doc_id"]: (LEFT, None)}


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        (Prefilter(), Prefilter(min_words=5), True),
        (Prefilter(min_words=4), Prefilter(min_words=5), True),
        (Prefilter(min_words=6), Prefilter(min_words=5), False),
        (Prefilter(min_words=5), Prefilter(), False),
        (Prefilter(languages=("de", "en")), Prefilter(languages=("en",)), True),
        (Prefilter(languages=("de",)), Prefilter(languages=("en",)), False),
        (Prefilter(languages=("en",)), Prefilter(), False),
        (Prefilter(min_words=4, languages=("en",)), Prefilter(min_words=5, languages=("de", "en")), False),
        (Prefilter(min_words=5), Prefilter(min_words=5), False),
    ],
)
def test_what_is_looser(new, old, expected):
    assert is_looser(new, old) is expected


def test_readings_of_different_archives_are_not_merged(warcs):
    one, _ = run(archive(warcs, [("en", 2)]), Prefilter())
    two, _ = run(archive(warcs, [("en", 2), ("de", 2)]), Prefilter())
    with pytest.raises(ValueError, match="differ in their records"):
        merged(one, two, frozenset())


def test_a_repeat_of_a_page_that_is_read_again_stays_a_repeat(warcs):
    raw = archive(warcs, [("de", 6)])
    before, _ = run(raw, Prefilter(languages=("en",)))
    again = turned_away(before["extract/decisions"])
    after = merged(before, run(raw, Prefilter(), passed_over(before["extract/decisions"], again))[0], again)
    reasons = after["extract/decisions"]["reason"].to_list()
    assert reasons == [None, "http_status", "damaged_region", "repeated_record"]
    assert isinstance(after["extract/documents"], pl.DataFrame)
    assert after["extract/documents"].height == 1
