"""One record again, through the command."""

import json

import pytest

from pipelines import replay
from pipelines.errors import BadInput


def again(pipeline, row: dict) -> dict:
    shard = row["warc_file"].split(".warc")[0]
    found = list(replay.replayed(pipeline.context(), shard, row["warc_offset"]))
    assert len(found) == 1
    return found[0]


def test_every_kind_of_end_is_reached_again(pipeline) -> None:
    decisions = pipeline.table("extract/decisions").sort("keep").unique("reason", keep="first", maintain_order=True)
    reasons = set()
    for row in decisions.to_dicts():
        found = again(pipeline, row)
        reasons.add(row["reason"])
        if row["reason"] == "damaged_region":
            assert found["decisions"]["reason"] == "damaged_region"
        elif row["reason"] == "repeated_record":
            assert found["decisions"]["keep"] and found["stored"].startswith("rejected as repeated_record")
        else:
            assert found["stored"] == "yes"
            assert (found["doc_id"], found["decisions"]["reason"]) == (row["doc_id"], row["reason"])
    assert len(reasons) >= 7


def test_a_document_comes_out_as_it_is_stored(pipeline) -> None:
    kept = pipeline.table("extract/decisions").filter("keep").to_dicts()[5]
    found = again(pipeline, kept)
    stored = pipeline.table("extract/documents").filter(doc_id=kept["doc_id"])["text"][0]
    assert (found["text"], found["stored"]) == (stored, "yes")


def test_what_differs_from_the_tables_is_said(fresh) -> None:
    kept = fresh.table("extract/decisions").filter("keep").to_dicts()[0]
    fresh.raw["extract"]["max_text_chars"] = 10
    found = again(fresh, kept)
    assert found["decisions"]["reason"] == "text_too_long"
    assert found["stored"] == "differs: the stored decision is kept"


def test_a_place_where_nothing_begins(pipeline) -> None:
    row = pipeline.table("extract/decisions").to_dicts()[1]
    shard = row["warc_file"].split(".warc")[0]
    with pytest.raises(BadInput, match=f"nothing begins at offset {row['warc_offset'] + 1}"):
        list(replay.replayed(pipeline.context(), shard, row["warc_offset"] + 1))
    with pytest.raises(BadInput, match="is no shard"):
        list(replay.replayed(pipeline.context(), "sample-99999", 0))


@pytest.mark.parametrize("offset", [-5, -1, "size", "beyond", 99999999999999999999])
def test_a_place_outside_the_file(pipeline, monkeypatch, capsys, offset) -> None:
    size = (pipeline.root / "data/sample/sample-00000.warc.gz").stat().st_size
    place = {"size": size, "beyond": size + 1}.get(offset, offset)
    monkeypatch.setattr(replay.context, "load", pipeline.context)
    assert replay.main(["sample-00000", str(place)]) == 12
    err = capsys.readouterr().err
    assert f"sample-00000.warc.gz: nothing begins at offset {place}: the file has {size} bytes" in err
    assert "Traceback" not in err


def test_text_only_on_demand_and_masked(pipeline, monkeypatch, capsys) -> None:
    edit = pipeline.table("toxicity/edits").filter(kind="email").to_dicts()[0]
    document = pipeline.table("extract/documents").filter(doc_id=edit["doc_id"]).to_dicts()[0]
    row = pipeline.table("extract/decisions").filter(doc_id=edit["doc_id"]).to_dicts()[0]
    address = document["text"][edit["start"] : edit["end"]]
    assert "@" in address
    monkeypatch.setattr(replay.context, "load", pipeline.context)
    where = [row["warc_file"].split(".warc")[0], str(row["warc_offset"])]
    for options in ([], ["--json"], ["--text"], ["--text", "--json"]):
        assert replay.main([*where, *options]) == 0
        said = capsys.readouterr().out
        assert address not in said
        assert ("[email]" in said) == ("--text" in options)
        assert (document["text"][:20] in said) == ("--text" in options)
        assert "--json" not in options or json.loads(said)["doc_id"] == row["doc_id"]
