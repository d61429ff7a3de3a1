"""Pairs by meaning: shown where they are asked for, masked, bounded, and of those who stay."""

import polars as pl

from pipelines import dedup
from pipelines.reports import facts, pairs
from pipelines.reports.pairs import PAIRS, chosen, semantic


def listed(one, **asked):
    """The sample with pairs listed."""
    one.raw["run"]["executor"] = "inprocess"
    one.raw["dedup"]["semantic"] = {"enabled": "report", "threshold": 0.5, "dimensions": 16, "cell": 200, **asked}
    dedup.run(one.context())
    return shown(one)


def shown(one):
    ctx = one.context()
    return semantic(ctx.store, facts.of(ctx.store), ctx.params)


def test_nothing_is_shown_where_it_is_off(pipeline):
    assert shown(pipeline) == ""


def test_pairs_stand_beside_their_cosine_and_how_many_there_are(fresh):
    page, found = listed(fresh), fresh.table("dedup/semantic")
    assert found.height > PAIRS
    assert f"{found.height:,} documents have a vector" in page and "are listed and stay" in page
    ctx = fresh.context()
    rows = [row for _, _, row in chosen(ctx.store, facts.of(ctx.store)["dedup"], 8)]
    assert len(rows) == PAIRS and page.count("<tr>") == PAIRS + 1
    known = {row["doc_id"]: row for row in found.to_dicts()}
    for row in rows:
        assert row["related_doc_id"] == known[row["doc_id"]]["related_doc_id"]
        assert row["doc_id"] in page and row["related_doc_id"] in page
    assert [row["similarity"] for row in rows] == sorted((row["similarity"] for row in rows), reverse=True)
    everyone = sorted(known, key=pairs.order)[:PAIRS]
    assert {row["doc_id"] for row in rows} == set(everyone)
    assert listed(fresh) == page


def test_only_shards_looked_at_are_read(fresh):
    listed(fresh)
    ctx = fresh.context()
    stage = facts.of(ctx.store)["dedup"]
    first = sorted(stage.manifest.of("dedup/cells"), key=pairs.order)[:2]
    found = chosen(ctx.store, stage, 2)
    assert found and {shard for one in found for shard in one[:2]} == set(first)


def test_who_leaves_is_said_to_leave(fresh):
    assert "left as semantic_duplicate" in listed(fresh, enabled="remove")


def test_texts_are_masked_escaped_and_cut(fresh):
    listed(fresh)
    ctx = fresh.context()
    hostile = "<script>x</script> write to ada@example.org or 020 7946 0958 \u202e " + "word " * 200
    for ref in facts.of(ctx.store)["extract"].manifest.shards("extract/documents"):
        path = ctx.store.path(ref)
        pl.read_parquet(path).with_columns(text=pl.lit(hostile), title=pl.lit(hostile)).write_parquet(path)
    page = shown(fresh)
    assert "&lt;script&gt;" in page and "<script" not in page
    assert "ada@" not in page and "[e-mail]" in page and "7946" not in page and "\u202e" not in page
    assert page.count("word ") < 2 * 2 * PAIRS * pairs.WORDS / 5


def test_no_pair_is_shown_where_no_example_is_asked_for(fresh):
    fresh.raw["report"] = {**fresh.raw["report"], "examples_per_reason": 0}
    page = listed(fresh)
    assert "documents have a vector" in page and "<table" not in page


def test_a_lost_table_leaves_the_sentence(fresh):
    listed(fresh)
    ctx = fresh.context()
    for ref in facts.of(ctx.store)["dedup"].manifest.shards("dedup/cells"):
        ctx.store.path(ref).unlink()
    page = shown(fresh)
    assert "documents have a vector" in page and "<table" not in page
