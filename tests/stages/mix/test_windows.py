"""Windows: their words, heads and bodies, and a reservoir that is the same however documents are dealt."""

import itertools

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mix.windows import SCHEMA, WORDS, merge, sample
from stages.schemas import WINDOWS

COLUMNS = dict.fromkeys(("source", "origin", "domain", "language", "doc_id", "host", "text"), pl.String)


def documents(rows):
    return pl.DataFrame(
        [("s", "crawl", "", lang, name, None, text) for name, lang, text in rows], schema=COLUMNS, orient="row"
    )


def words(count, prefix="w"):
    return " ".join(f"{prefix}{i}" for i in range(count))


def cut(text, size=100):
    return sample(documents([("a", "en", text)]), size)


def test_a_window_is_fifty_words_in_lower_case_without_marks():
    found = cut("One, TWO three! " * 20)
    assert found["text"].to_list() == [" ".join((["one", "two", "three"] * 17)[:50])]
    assert found["position"].to_list() == ["head"]


def test_the_body_begins_after_a_skip_and_has_no_gaps():
    found = cut(words(1000)).filter(position="body").with_columns(pl.col("text").str.split(" "))
    starts = sorted(int(w[0][1:]) for w in found["text"])
    assert 50 <= starts[0] < 100
    assert [b - a for a, b in itertools.pairwise(starts)] == [50] * (len(starts) - 1)
    assert all([int(x[1:]) for x in w] == list(range(int(w[0][1:]), int(w[0][1:]) + 50)) for w in found["text"])
    assert 1000 - starts[-1] < 100


def test_the_skip_differs_between_documents():
    rows = [(f"d{i}", "en", words(200)) for i in range(40)]
    found = sample(documents(rows), 1000).filter(position="body")
    assert len({t.split(" ")[0] for t in found["text"]}) > 20


def test_shorter_documents_and_nulls_have_no_window():
    assert cut(words(49)).height == 0
    assert cut(words(50)).height == 1
    assert sample(documents([("a", "en", None)]), 10).height == 0
    assert sample(documents([]), 10).schema == pl.Schema(SCHEMA)


def test_letters_of_scripts_without_spaces_are_words():
    found = cut("一二三四五六七八九十" * 5)
    assert found["text"][0].split(" ") == list("一二三四五六七八九十") * 5


def test_the_schema_is_the_declared_one():
    assert cut(words(200)).to_arrow().cast(WINDOWS).num_rows == cut(words(200)).height


def test_a_reservoir_holds_the_smallest_keys_of_each_group():
    rows = [(f"d{i}", "en" if i % 3 else None, words(300, f"x{i}y")) for i in range(60)]
    every, few = sample(documents(rows), 10**6), sample(documents(rows), 7)
    for (language, position), group in every.group_by("language", "position"):
        kept = few.filter(pl.col("language").eq_missing(language) & (pl.col("position") == position))
        assert sorted(kept["key"]) == sorted(group["key"])[:7]
    assert few.height == 4 * 7


def test_a_full_reservoir_still_takes_what_belongs_into_it(monkeypatch):
    """Texts come in batches; windows beyond the largest kept key are not even cut out."""
    monkeypatch.setattr("stages.shingles.BATCH_BYTES", 2000)
    rows = [(f"d{i}", "en", words(400, f"x{i}y")) for i in range(60)]
    few = sample(documents(rows), 5)
    monkeypatch.undo()
    assert few.equals(merge([sample(documents(rows), 10**6)], 5))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 3), min_size=24, max_size=24), st.permutations(range(24)), st.integers(1, 12))
def test_any_cut_into_shards_gives_the_same_bits(dealt, order, size):
    rows = [(f"d{i}", "en" if i % 2 else "sv", words(40 + 23 * i, f"x{i % 5}y")) for i in range(24)]
    whole = sample(documents(rows), size)
    parts = [sample(documents([rows[i] for i in order if dealt[i] == k]), size) for k in range(4)]
    assert merge(parts, size).equals(whole)
    assert whole["text"].str.count_matches(" ").unique().to_list() == [WORDS - 1]
