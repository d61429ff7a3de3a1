"""Semantic duplicates in the stage: off, listed, removed; the same bits each time."""

import polars as pl
import pytest

from pipelines import dedup, explain, outputs, semantic
from pipelines.errors import ShardFailed
from pipelines.files import read_lines
from pipelines.gates.judge import judge_and_write


def again(one):
    """Run dedup alone; returns how many jobs of each family ran."""
    one.raw["run"]["executor"] = "inprocess"
    rates = one.root / ".run" / "rates.jsonl"
    before = len(read_lines(rates))
    dedup.run(one.context())
    return {row["family"]: row["shards"] for row in read_lines(rates)[before:]}


def asked(one, **params):
    one.raw["dedup"]["semantic"] = {"enabled": "report", "threshold": 0.8, "dimensions": 16, "cell": 20, **params}
    return again(one)


def test_off_by_default(pipeline):
    store = pipeline.context().store
    assert not outputs.manifest(store, "dedup").shards("dedup/vectors")


def test_a_report_lists_pairs_and_removes_nobody(fresh):
    before = fresh.table("dedup/decisions")
    done = asked(fresh)
    assert done["words"] == done["centres"] == 1 and done["vectors"] == done["cells"] == 3 and "decisions" not in done
    found, kept = fresh.table("dedup/semantic"), set(before.filter("keep")["doc_id"])
    assert found.height > 0 and (found["similarity"] >= 0.8).all()
    assert set(found["doc_id"]) <= kept and set(found["related_doc_id"]) <= kept
    assert not set(found["doc_id"]) & set(found["related_doc_id"])
    assert fresh.table("dedup/centres")["cell"].to_list() == [-3, -2, -1, 0, 1, 2, 3]
    assert fresh.table("dedup/decisions").equals(before)


def test_removal_names_a_document_that_stays(fresh):
    before = fresh.table("dedup/decisions")
    asked(fresh, enabled="remove", threshold=0.85)
    after, found = fresh.table("dedup/decisions"), fresh.table("dedup/semantic")
    gone = after.filter(reason="semantic_duplicate")
    assert set(gone["doc_id"]) == set(found["doc_id"]) and gone.height > 0
    assert (gone["bound"] == 0.85).all() and (gone["value"] >= 0.85).all()
    kept = set(after.filter("keep")["doc_id"])
    assert set(after.filter(pl.col("related_doc_id").is_not_null())["related_doc_id"]) <= kept
    rest = after.filter(~pl.col("doc_id").is_in(gone["doc_id"].implode()))
    assert rest.equals(before.filter(~pl.col("doc_id").is_in(gone["doc_id"].implode())))


def test_the_gate_opens_over_its_tables(fresh):
    asked(fresh, enabled="remove", threshold=0.85)
    judge_and_write(fresh.context(), "dedup")
    assert outputs.is_open(fresh.context().store, "dedup")


def test_explain_names_the_kept_twin_and_the_cosine(fresh):
    asked(fresh, enabled="remove", threshold=0.85)
    row = fresh.table("dedup/decisions").filter(reason="semantic_duplicate").row(0, named=True)
    told = next(explain.explain(fresh.context(), row["doc_id"]))["twin"]
    assert (told["doc_id"], told["similarity"]) == (row["related_doc_id"], row["value"])


def test_the_same_corpus_gives_the_same_bits(fresh):
    def digests():
        found = outputs.manifest(fresh.context().store, "dedup")
        return {(r.table, r.shard): r.digest for name in semantic.TABLES for r in found.shards(name)}

    asked(fresh)
    first, store = digests(), fresh.context().store
    for name in semantic.TABLES:
        for ref in outputs.manifest(store, "dedup").shards(name):
            store.path(ref).unlink()
    done = again(fresh)
    assert done["words"] == 1 and digests() == first


@pytest.mark.parametrize("rows", [10, 1000])
def test_a_sample_is_about_as_large_as_asked(rows):
    ids = pl.DataFrame({"doc_id": [f"{i * 2654435761 % 2**32:08x}{i:024x}" for i in range(rows)]})
    found = ids.filter(semantic._sampled(100, rows)).height
    assert found == rows if rows < 100 else 60 < found < 140


def test_of_few_survivors_all_are_looked_at(fresh, monkeypatch):
    """A sample by the number of all documents would seldom hold one of them."""
    trained = []
    find = semantic._trained
    monkeypatch.setattr(semantic, "PER_CENTRE", 1)
    monkeypatch.setattr(
        semantic, "_trained", lambda train, rows, policy: trained.append(rows.read_text()) or find(train, rows, policy)
    )
    fresh.raw["quality"]["signals"] = {"word_count": {"min": 240}}
    fresh.raw["gates"] = {stage: {} for stage in fresh.raw["gates"]}
    fresh.run("quality")
    asked(fresh, documents=20, cell=2000)
    kept = fresh.table("quality/decisions")["keep"]
    assert 2 < kept.sum() < 20 < len(kept)
    assert trained[0].count("\n") == kept.sum()
    assert fresh.table("dedup/vectors").height == kept.sum()
    assert fresh.table("dedup/cells").height == fresh.table("dedup/decisions")["keep"].sum()


def test_the_sample_for_centres_is_the_same_however_rows_are_cut():
    ids = [f"{i * 2654435761 % 2**32:08x}{i:024x}" for i in range(500)]
    every = pl.DataFrame({"doc_id": ids, "vector": [b"" if i % 7 == 0 else b"1234" for i in range(500)]})
    known = every.filter(pl.col("vector").bin.size() > 0).sort("doc_id")
    for size in (1, 30, 500):
        parts = list(every.iter_slices(size))
        for wanted in (1, 20, 1000):
            assert semantic._first(parts, wanted).equals(known.head(wanted))
            assert semantic._first(reversed(parts), wanted).equals(known.head(wanted))


@pytest.mark.parametrize(("body", "failures"), [("encode", 1), ("place", 3)])
def test_who_fails_is_named_and_nobody_else(fresh, monkeypatch, body, failures):
    whole, seen = getattr(semantic, body), []

    def fails_at_first(tables, params, models):
        seen.append(1)
        if len(seen) <= failures:
            raise ZeroDivisionError("of this shard alone")
        return whole(tables, params, models)

    monkeypatch.setattr(semantic, body, fails_at_first)
    with pytest.raises(ShardFailed) as told:
        asked(fresh)
    named = str(told.value).splitlines()[1:]
    assert len(named) == failures and all("of this shard alone" in line for line in named)
