"""Examples: the same ones every time, every reason if it can be, no more than asked for, and nobody's address."""

import polars as pl

from pipelines.reports import chosen, facts
from pipelines.reports.chosen import KEPT, cover, examples, order
from tests.pipelines.made import SHARDS, Made, doc


def found(made, each=3, most=8):
    return examples(made.store, facts.of(made.store), each, most)


def test_every_reason_has_examples_and_the_last_stage_kept_ones(tmp_path):
    made = Made(tmp_path).write()
    names = {(one.stage, one.reason) for one in found(made)}
    want = {("extract", "not_html"), ("quality", "word_count_below"), ("dedup", "near_duplicate"), ("mix", KEPT)}
    assert names == want


def test_no_more_than_asked_for_and_the_first_by_hash(tmp_path):
    made = Made(tmp_path).write()
    everyone = [one for frame in made.tables["mix/decisions"].values() for one in frame["doc_id"]]
    for each in range(9):
        kept = [one.decision["doc_id"] for one in found(made, each=each, most=100) if one.reason == KEPT]
        assert kept == sorted(everyone, key=order)[:each]


def test_shards_are_taken_until_every_reason_is_held():
    by_shard = {f"s{i}": {"common": 5} for i in range(50)}
    by_shard["s7"]["rare"] = 1
    ranked = sorted(by_shard, key=order)
    assert cover(["common", "rare"], by_shard, {}, 3) == [ranked[0], "s7", ranked[1]]
    assert cover(["common", "rare"], by_shard, {}, 1) == ranked[:1]


def test_edits_are_applied_and_what_is_left_is_masked(tmp_path):
    made = Made(tmp_path)
    for shard in SHARDS:
        made.bend("extract/documents", shard, text=pl.lit("by ada@example.org, 020 7946 0958, Secret street"))
        spans = {"start": 35, "end": 48, "replacement": pl.lit("[street]"), "kind": pl.lit("street")}
        made.bend(
            "toxicity/edits",
            shard,
            doc_id=pl.lit(doc(shard, 4)),
            **{k: v if isinstance(v, pl.Expr) else pl.lit(v, dtype=pl.Int64) for k, v in spans.items()},
        )
    made.write()
    texts = [one.text for one in found(made) if one.reason == "word_count_below"]
    assert len(texts) == 2
    for text in texts:
        assert "ada" not in text
        assert "7946" not in text
        assert "[street]" in text
        assert "Secret" not in text


def test_edits_of_a_stale_stage_are_not_applied_to_another_text(tmp_path):
    made = Made(tmp_path)
    for shard in SHARDS:
        made.bend(
            "toxicity/edits",
            shard,
            doc_id=pl.lit(doc(shard, 4)),
            start=pl.lit(0, dtype=pl.Int64),
            end=pl.lit(7, dtype=pl.Int64),
            replacement=pl.lit("GONE"),
        )
    made.write()
    assert [one.text for one in found(made) if one.reason == "word_count_below"] == ["GONE", "GONE"]
    made.drop("extract", "extract/look")
    assert [one.text for one in found(made) if one.reason == "word_count_below"] == ["one two", "one two"]


def test_a_table_that_cannot_be_read_leaves_the_decision(tmp_path):
    made = Made(tmp_path).write()
    for ref in facts.of(made.store)["extract"].manifest.shards("extract/documents"):
        made.store.path(ref).write_bytes(b"no parquet")
    one = next(one for one in found(made) if one.reason == "near_duplicate")
    assert (one.text, one.decision["related_doc_id"] in {doc(s, 0) for s in SHARDS}) == (None, True)


def test_a_row_without_any_id_is_no_example(tmp_path):
    made = Made(tmp_path)
    made.bend("extract/decisions", doc_id=pl.when(pl.col("reason").is_null()).then("doc_id"))
    made.write("extract")
    assert {one.shard for one in found(made) if one.reason == "not_html"} <= {SHARDS[1]}
    assert chosen.EXCERPT > 100
