"""Dispositions: every record and synthetic row ends exactly once, and the ends add up to the ledgers."""

from collections import Counter

import polars as pl
import pytest

from pipelines import dispositions, outputs
from pipelines.dispositions import TABLE
from pipelines.outputs import STAGES


def test_one_row_per_record_and_synthetic_row(told) -> None:
    rows, records = told.table(TABLE), told.table("extract/decisions")
    made = rows.filter(pl.col("record_type").eq_missing("synthetic"))
    crawl = rows.filter(pl.col("record_type").ne_missing("synthetic"))
    assert crawl.select("doc_id", "url", "warc_offset").equals(records.select("doc_id", "url", "warc_offset"))
    assert made["doc_id"].to_list() == told.table("mix/synthetic")["doc_id"].to_list()


def test_each_ends_once_and_only_the_released_have_no_reason(told) -> None:
    rows = told.table(TABLE)
    assert set(rows["stage"]) <= set(STAGES)
    assert rows["released"].null_count() == 0
    assert (rows["reason"].is_null() == rows["released"]).all()
    assert set(rows.filter("released")["stage"]) == {"mix"}
    assert rows.filter("released")["doc_id"].is_unique().all()


@pytest.mark.parametrize("stage", STAGES)
def test_the_ends_at_a_stage_add_up_to_its_ledger(told, stage) -> None:
    lost = told.table(TABLE).filter((pl.col("stage") == stage) & ~pl.col("released"))
    ledger = told.ledger(stage)
    assert Counter(lost["reason"]) == {reason: n["documents"] for reason, n in ledger["reasons"].items()}
    assert lost.height == ledger["documents"]["rejected"]
    assert int(lost["n_tokens"].sum()) == ledger["tokens"]["rejected"]


def test_what_is_released_adds_up_to_the_mixture(told) -> None:
    rows, mixture = told.table(TABLE), told.table("mix/documents")
    released = rows.filter("released")
    assert released.height == told.ledger("mix")["documents"]["kept"]
    assert int(released["n_tokens"].sum()) == told.ledger("mix")["tokens"]["kept"]
    copies = dict(mixture.group_by("doc_id", maintain_order=True).len().iter_rows())
    assert dict(released.select("doc_id", "copies").iter_rows()) == copies
    assert set(rows.filter(~pl.col("released"))["copies"]) == {0}


def test_the_ledger_of_all_ways(told) -> None:
    ledger, rows = outputs.ledger(told.context().store, "reports"), told.table(TABLE)
    assert ledger["documents"] == {
        "in": rows.height,
        "kept": int(rows["released"].sum()),
        "rejected": rows.height - int(rows["released"].sum()),
    }
    named = {f"{s}: {r}": n["documents"] for s in STAGES for r, n in told.ledger(s)["reasons"].items()}
    assert {reason: n["documents"] for reason, n in ledger["reasons"].items()} == named
    assert ledger["parents"] == {s: outputs.manifest(told.context().store, s).digest for s in STAGES}


def test_twins_are_named_and_were_kept(told) -> None:
    rows = told.table(TABLE)
    copies = rows.filter(pl.col("stage") == "dedup")
    assert copies.height > 0
    kept_by_dedup = set(rows.filter(pl.col("stage").is_in(["toxicity", "mix"]))["doc_id"])
    assert set(copies["related_doc_id"]) <= kept_by_dedup


def test_only_what_changed_is_followed_again(fresh) -> None:
    dispositions.run(fresh.context())
    assert dispositions.run(fresh.context(), dry=True).todo == []
    fresh.raw["quality"]["signals"]["word_count"]["min"] = 60
    fresh.raw["mix"]["seed"] = 1
    fresh.run()
    todo = dispositions.run(fresh.context(), dry=True).todo
    assert todo and all("input" in one.why for one in todo)
