"""What explain says of the sample's pages, with and without its index."""

import json
import shutil
import subprocess
import sys

import polars as pl
import pytest

from pipelines import explain, locator, shown
from pipelines.files import write_text


@pytest.fixture(scope="module")
def rows(told) -> pl.DataFrame:
    return told.table("reports/dispositions")


def about(told, name: str) -> list:
    return list(explain.explain(told.context(), name))


def one_of(rows: pl.DataFrame, reason: str) -> dict:
    return rows.filter(pl.col("reason") == reason).to_dicts()[0]


def test_every_row_is_explained_as_it_ended(told, rows) -> None:
    for row in rows.iter_rows(named=True):
        place = (row["warc_file"], row["warc_offset"])
        ends = [f["end"] for f in about(told, row["doc_id"]) if (f.get("warc_file"), f.get("warc_offset")) == place]
        assert ends == ["released" if row["released"] else f"rejected by {row['stage']}: {row['reason']}"]


def test_a_url_gives_all_its_records(told, rows) -> None:
    row = one_of(rows, "repeated_record")
    found = about(told, row["url"])
    assert len(found) == rows.filter(pl.col("url") == row["url"]).height > 1
    assert [f["end"] for f in found].count("rejected by extract: repeated_record") == len(found) - 1
    repeat = next(f for f in found if "repeated" in f["end"])
    assert set(repeat["stages"]) == {"extract"}, "the repeat has no text, scores or later decisions of its own"
    assert repeat["twin"]["shard"] != repeat["shard"] or repeat["twin"]["doc_id"] == repeat["doc_id"]


def test_a_repeat_in_the_same_archive_is_not_told_the_firsts_measures(fresh, rows) -> None:
    row = rows.filter("released", pl.col("url").is_not_null()).to_dicts()[0]
    path = fresh.root / "data/sample" / row["warc_file"]
    path.write_bytes(path.read_bytes() * 2)
    fresh.run("extract")
    first, repeat = about(fresh, row["url"])
    assert first["stages"]["extract"]["look"]["doc_id"] == row["doc_id"]
    assert repeat["end"] == "rejected by extract: repeated_record"
    assert set(repeat["stages"]["extract"]) == {"decisions", "measures"}
    assert repeat["twin"]["shard"] == first["shard"]


def test_a_value_stands_beside_its_bound(told, rows) -> None:
    found = about(told, one_of(rows, "word_count_below")["doc_id"])[0]
    measures = {m["name"]: m for m in found["stages"]["quality"]["measures"]}
    words = measures["word_count"]
    bounds = told.raw["quality"]["signals"]["word_count"]
    assert words["value"] == found["stages"]["quality"]["decisions"]["value"] < words["min"] == bounds["min"]
    assert words["max"] == bounds["max"]
    line = f"word_count {words['value']}  [{bounds['min']:g}, {bounds['max']:g}]  <- outside"
    assert line in shown.as_text(found)
    held = [name for name in measures if name in told.raw["quality"]["signals"]]
    assert held == list(told.raw["quality"]["signals"]), "in the order in which they are held"


def test_the_bounds_are_those_of_today(told, rows, fresh) -> None:
    fresh.raw["quality"]["signals"]["word_count"]["min"] = 51
    found = about(fresh, one_of(rows, "word_count_below")["doc_id"])[0]
    assert next(m for m in found["stages"]["quality"]["measures"] if m["name"] == "word_count")["min"] == 51


def test_the_kept_twin_is_named_with_url_and_similarity(told, rows) -> None:
    row = one_of(rows, "near_duplicate")
    found = about(told, row["doc_id"])[0]
    twin = rows.filter(pl.col("doc_id") == row["related_doc_id"]).to_dicts()[0]
    assert found["twin"]["url"] == twin["url"]
    assert told.raw["dedup"]["threshold"] <= found["twin"]["similarity"] < 1
    assert twin["url"] in shown.as_text(found)


def test_edits_are_kinds_and_spans_never_what_stood_there(told) -> None:
    edit = told.table("toxicity/edits").filter(pl.col("kind") == "email").to_dicts()[0]
    text = told.table("extract/documents").filter(pl.col("doc_id") == edit["doc_id"])["text"][0]
    found = about(told, edit["doc_id"])[0]
    assert {name for row in found["stages"]["toxicity"]["edits"] for name in row} == {"doc_id", "start", "end", "kind"}
    for said in (shown.as_text(found), json.dumps(found)):
        assert text[edit["start"] : edit["end"]] not in said
        assert text[:60] not in said
    assert f"email {edit['start']}-{edit['end']}" in shown.as_text(found)


def test_a_synthetic_row_is_known_by_its_id(told, rows) -> None:
    row = rows.filter(pl.col("record_type") == "synthetic").to_dicts()[0]
    found = about(told, row["doc_id"])[0]
    assert set(found["stages"]) == {"mix"}
    assert found["stages"]["mix"]["synthetic"]["source"] == row["source"]


def test_the_scan_gives_the_same_answers(told, rows, fresh) -> None:
    locator.path_of(fresh.context().run_dir).unlink(missing_ok=True)
    for reason in ("repeated_record", "near_duplicate", "word_count_below"):
        name = one_of(rows, reason)["url"]
        assert about(fresh, name) == about(told, name)


def test_a_hash_is_no_proof(told, monkeypatch) -> None:
    places = [("extract/decisions", "sample-00000", 0), ("extract/decisions", "gone", 0), ("mix/synthetic", "gone", 1)]
    monkeypatch.setattr(locator, "find", lambda *_: places)
    assert about(told, "https://nowhere.example/") == []


def test_what_moved_is_marked(fresh, rows) -> None:
    path = fresh.context().store.data("quality", "manifest.jsonl")
    write_text(path, path.read_text() + "\n")
    row = rows.filter("released", pl.col("url").is_not_null()).to_dicts()[0]
    found = about(fresh, row["url"])[0]
    assert "quality" in found["stages"]["dedup"]["STALE"]
    assert "STALE" not in found["stages"]["extract"]
    assert "STALE: made from an earlier state of quality" in shown.as_text(found)


def test_what_has_not_been_decided_is_said(fresh, rows) -> None:
    for stage in ("dedup", "toxicity", "mix"):
        fresh.context().store.data(stage, "manifest.jsonl").unlink()
    row = rows.filter("released", pl.col("url").is_not_null()).to_dicts()[0]
    assert about(fresh, row["url"])[0]["end"] == "kept by quality; what follows has not decided"


def test_page_made_strings_are_inert(told, rows) -> None:
    found = about(told, one_of(rows, "near_duplicate")["doc_id"])[0]
    hostile = "http://h.example/\x1b[2J\u202egnp.exe"
    found |= {"url": hostile}
    found["stages"]["dedup"]["decisions"]["detail"] = hostile
    found["twin"]["url"] = hostile
    assert all(line.isprintable() for line in shown.as_text(found).splitlines())
    assert json.dumps(found).isascii()


def test_the_start_is_lean(told, rows, checkout) -> None:
    """The start of the process is most of the answer's time: Polars, pandas, numba and engines stay out of it."""
    shutil.copytree(told.root / "data", checkout.root / "data", dirs_exist_ok=True)
    shutil.copytree(told.root / ".run", checkout.root / ".run", dirs_exist_ok=True)
    code = (
        "import sys; from pipelines import explain; explain.main(sys.argv[1:]); "
        "heavy = {'polars', 'pandas', 'numba', 'trafilatura', 'duckdb', 'ray', 'great_expectations'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )

    def ask(name: str) -> "subprocess.CompletedProcess[str]":
        call = [sys.executable, "-c", code, name]
        return subprocess.run(call, cwd=checkout.root, env=checkout.env(), capture_output=True, text=True, check=True)

    done = ask(one_of(rows, "near_duplicate")["url"])
    assert "kept twin" in done.stdout
    assert "no current index" not in done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    done = ask("https://nowhere.example/")
    assert "is not among the records" in done.stderr
    assert not (checkout.root / ".run/status.json").exists(), "a question that fails is not the end of a run"
