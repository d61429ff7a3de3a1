"""Slices: the release with and without a rule. What they share, what they do not, and that they come out the same."""

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from pipelines import slice as slices
from pipelines import variants
from pipelines.errors import BadInput
from pipelines.outputs import WHOLE
from tests.conftest import Pipeline


def ids(folder: Path) -> set[str]:
    return set(read(folder)["doc_id"])


def read(folder: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(p) for p in sorted(folder.glob("*.parquet"))])


def rejected(pipeline, stage: str, *reasons: str) -> pl.DataFrame:
    return pipeline.table(f"{stage}/decisions").filter(pl.col("reason").is_in(list(reasons)))


def lonely(pipeline) -> str:
    """A rule of quality's that alone keeps somebody out."""
    table = pipeline.table("quality/decisions").filter(pl.col("also").list.len() == 0, ~pl.col("keep"))
    return str(min(set(table["reason"]) - {"wrong_language"}))


def test_with_is_the_release_as_it_stands(pipeline, tmp_path: Path) -> None:
    slices.write(pipeline.context(), "word_count_below", 1.0, tmp_path / "one")
    released = pipeline.table("mix/documents").sort("doc_id", "copy")
    assert read(tmp_path / "one/with").sort("doc_id", "copy").equals(released)


def test_a_share_is_drawn_by_hash_from_the_whole(pipeline, tmp_path: Path) -> None:
    ctx = pipeline.context()
    slices.write(ctx, "word_count_below", 1.0, tmp_path / "all")
    slices.write(ctx, "word_count_below", 0.4, tmp_path / "part")
    for side in slices.SIDES:
        every, drawn = ids(tmp_path / "all" / side), ids(tmp_path / "part" / side)
        place = {
            d: int.from_bytes(hashlib.blake2b(f"slice:1:{d}".encode(), digest_size=8).digest(), "big") for d in every
        }
        assert drawn == {d for d, at in place.items() if at < 0.4 * 2**64}
        assert 0 < len(drawn) < len(every)


def test_a_quality_rule_takes_what_it_alone_rejected(pipeline, tmp_path: Path) -> None:
    reason = lonely(pipeline)
    found = slices.write(pipeline.context(), reason, 1.0, tmp_path / "out")
    alone = rejected(pipeline, "quality", reason).filter(pl.col("also").list.len() == 0)
    assert ids(tmp_path / "out/without") - ids(tmp_path / "out/with") == set(alone["doc_id"])
    assert ids(tmp_path / "out/with") - ids(tmp_path / "out/without") == set()
    assert {row["why"] for row in found["only_without"]} == {"rule"}
    assert found["both"] == found["with"]["documents"]


def test_who_fails_another_rule_too_stays_out(pipeline, tmp_path: Path) -> None:
    several = pipeline.table("quality/decisions").filter(pl.col("also").list.len() > 0)
    doc_id, reason = several.row(0, named=True)["doc_id"], several.row(0, named=True)["reason"]
    slices.write(pipeline.context(), reason, 1.0, tmp_path / "out")
    assert doc_id not in ids(tmp_path / "out/without")


def test_dedup_lets_every_copy_in_and_near_alone_one_of_each_text(pipeline, tmp_path: Path) -> None:
    ctx = pipeline.context()
    slices.write(ctx, "dedup", 1.0, tmp_path / "both")
    slices.write(ctx, "near_duplicate", 1.0, tmp_path / "near")
    every = set(rejected(pipeline, "dedup", "exact_duplicate", "near_duplicate")["doc_id"])
    near = set(rejected(pipeline, "dedup", "near_duplicate")["doc_id"])
    assert ids(tmp_path / "both/without") - ids(tmp_path / "both/with") == every
    assert ids(tmp_path / "near/without") - ids(tmp_path / "near/with") == near
    assert near < every


@pytest.fixture(scope="module")
def later(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The sample again, beside an index of its own release: what two shards of it kept is there already."""
    one = pipeline.copy(tmp_path_factory.mktemp("later") / "copy")
    one.raw["dedup"]["write_index"] = True
    one.run()
    (one.root / "data/mix/index").rename(one.root / "index")
    min((one.root / "index").iterdir()).unlink()
    one.raw["dedup"] |= {"write_index": False, "index": "index"}
    for stage in ("dedup", "toxicity", "mix"):
        one.raw["gates"][stage] = one.raw["gates"][stage] | {"reject_rate": {"max": 1.0}}
    one.run()
    return one


def test_whoever_an_earlier_release_has_stays_out_without_another_rule(pipeline, later, tmp_path: Path) -> None:
    reason = lonely(pipeline)
    gone = rejected(later, "dedup", "released_exact_duplicate", "released_near_duplicate")["doc_id"]
    slices.write(later.context(), reason, 1.0, tmp_path / "later")
    slices.write(pipeline.context(), reason, 1.0, tmp_path / "first")
    assert len(gone) > 30
    assert not set(gone) & ids(tmp_path / "later/without")
    new = {name: ids(tmp_path / name / "without") - ids(tmp_path / name / "with") for name in ("later", "first")}
    assert new["later"] == new["first"] != set()


@pytest.fixture(scope="module")
def meant(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The sample without those whose vector is near another's."""
    one = pipeline.copy(tmp_path_factory.mktemp("meant") / "copy")
    one.raw["dedup"]["semantic"] = {"enabled": "remove", "threshold": 0.85, "dimensions": 16, "cell": 20}
    one.run()
    return one


def test_without_semantic_duplicate_those_come_in_whom_it_rejected(pipeline, meant, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="semantic_duplicate"):
        slices.write(pipeline.context(), "semantic_duplicate", 1.0, tmp_path / "off")
    slices.write(meant.context(), "semantic_duplicate", 1.0, tmp_path / "out")
    found = set(rejected(meant, "dedup", "semantic_duplicate")["doc_id"])
    assert found and ids(tmp_path / "out/without") - ids(tmp_path / "out/with") == found
    assert variants.find(meant.context().params, "dedup")[1][-1] == "semantic_duplicate"


def test_without_a_rule_of_quality_who_left_by_meaning_still_leaves(meant, tmp_path: Path) -> None:
    slices.write(meant.context(), "word_count_below", 1.0, tmp_path / "out")
    found = set(rejected(meant, "dedup", "semantic_duplicate")["doc_id"])
    assert found and not found & ids(tmp_path / "out/without")


def test_who_resembles_one_that_leaves_stays(meant) -> None:
    row = rejected(meant, "dedup", "semantic_duplicate").row(0, named=True)
    for gone in (row["doc_id"], row["related_doc_id"]):
        again = pl.DataFrame({"doc_id": [gone], "kind": ["near"]})
        assert row["doc_id"] not in variants._semantic(meant.context(), again)["doc_id"]
    nobody = pl.DataFrame(schema={"doc_id": pl.String, "kind": pl.String})
    assert row["doc_id"] in variants._semantic(meant.context(), nobody)["doc_id"]


def test_equal_copies_of_a_near_duplicate_enter_once(pipeline, monkeypatch) -> None:
    """Without near_duplicate, exact_duplicate still holds among those whom it let in."""
    ctx = pipeline.context()
    found = variants.tables_of(ctx, "dedup/clusters")[WHOLE]
    signatures = pipeline.table("dedup/signatures")
    one, two = sorted(found.filter(kind="near")["doc_id"])[:2]
    same = signatures.filter(doc_id=one)["exact"][0]
    changed = signatures.with_columns(exact=pl.when(doc_id=two).then(pl.lit(same)).otherwise("exact"))
    monkeypatch.setattr(variants, "tables_of", lambda ctx, table, columns: {"s": changed.select(columns)})
    kept = {"s": pl.DataFrame({"doc_id": [one, two], "keep": [True, True]})}
    left = variants._one_of_each(ctx, kept, found, ("near_duplicate",))
    assert left["s"].filter("keep")["doc_id"].to_list() == [one]


def test_a_page_let_in_displaces_its_copy(fresh, tmp_path: Path) -> None:
    """A page that quality rejects, and a later copy of it that is kept: without the rule the earlier one stays."""
    fresh.raw["quality"]["signals"] = {"word_count": {"min": 50}}
    fresh.run()
    rows = fresh.table("dedup/clusters").filter(pl.col("kind").is_not_null())
    copy, kept = rows.select("doc_id", "related_doc_id").row(0)
    # A bound between the two: the kept one is now out, its copy in.
    words = dict(fresh.table("quality/signals/gopher").select("doc_id", "top_2gram_share").iter_rows())
    low, high = sorted((words[copy], words[kept]))
    assert low < high, "the sample's copies differ in this signal"
    side = {"min": (low + high) / 2} if words[kept] == low else {"max": (low + high) / 2}
    fresh.raw["quality"]["signals"]["top_2gram_share"] = side
    fresh.raw["gates"]["quality"]["reject_rate"] = {"max": 1.0}
    fresh.run()
    rule = "top_2gram_share_" + ("below" if "min" in side else "above")
    found = slices.write(fresh.context(), rule, 1.0, tmp_path / "out")
    gone = {row["doc_id"]: row["related_doc_id"] for row in found["only_with"]}
    assert gone.get(copy) == kept
    assert kept in {row["doc_id"] for row in found["only_without"] if row["why"] == "rule"}


def test_the_same_again_byte_for_byte(pipeline, tmp_path: Path) -> None:
    for name in ("one", "two"):
        slices.write(pipeline.context(), "dedup", 0.5, tmp_path / name)
    one, two = (sorted(p for p in (tmp_path / n).rglob("*") if p.is_file()) for n in ("one", "two"))
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]
    assert len(one) == 3


def test_text_is_released_with_every_edit(pipeline, tmp_path: Path) -> None:
    slices.write(pipeline.context(), "dedup", 1.0, tmp_path / "out")
    edited = pipeline.table("toxicity/edits").filter(kind="email")["doc_id"][0]
    text = read(tmp_path / "out/without").filter(doc_id=edited)["text"][0]
    assert "email@example.com" in text
    assert text == pipeline.table("mix/documents").filter(doc_id=edited)["text"][0]


def test_weights_keep_the_rates_of_the_release(fresh, tmp_path: Path) -> None:
    fresh.raw["mix"]["weights"] = {"healthy": 0.3}
    fresh.raw["gates"]["mix"]["reject_rate"] = {"max": 1.0}
    fresh.run()
    slices.write(fresh.context(), "word_count_below", 1.0, tmp_path / "out")
    every = read(tmp_path / "out/with").sort("doc_id", "copy")
    assert every["copy"].max() > 0
    assert every.equals(fresh.table("mix/documents").sort("doc_id", "copy"))


def test_parts_are_cut_by_size_and_change_nothing(pipeline, tmp_path: Path, monkeypatch) -> None:
    slices.write(pipeline.context(), "dedup", 1.0, tmp_path / "one")
    monkeypatch.setattr(slices, "PART", 2_000)
    found = slices.write(pipeline.context(), "dedup", 1.0, tmp_path / "many")
    assert len(found["without"]["files"]) > 1
    assert read(tmp_path / "many/without").sort("doc_id").equals(read(tmp_path / "one/without").sort("doc_id"))


def test_a_share_that_draws_nobody_leaves_readable_empty_sets(pipeline, tmp_path: Path) -> None:
    found = slices.write(pipeline.context(), "dedup", 1e-12, tmp_path / "out")
    assert found["with"]["documents"] == 0
    assert read(tmp_path / "out/with").height == 0
    assert "text" in read(tmp_path / "out/with").columns


def test_an_unknown_rule_names_the_nearest(pipeline, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="did you mean 'word_count_below'"):
        slices.write(pipeline.context(), "word_count_belo", 1.0, tmp_path / "out")
    with pytest.raises(BadInput, match="toxicity_above"):  # report_only: not in force
        slices.write(pipeline.context(), "toxicity_above", 1.0, tmp_path / "out")


def test_a_stale_release_is_refused(fresh, tmp_path: Path) -> None:
    path = fresh.root / "data/quality/manifest.jsonl"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(BadInput, match="STALE"):
        slices.write(fresh.context(), "dedup", 1.0, tmp_path / "out")


def test_a_folder_with_other_things_is_left_alone(pipeline, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/part-00000.parquet").write_text("precious")
    with pytest.raises(BadInput, match="holds other files"):
        slices.write(pipeline.context(), "dedup", 0.5, tmp_path / "out")
    assert (tmp_path / "out/part-00000.parquet").read_text() == "precious"


def test_an_earlier_set_is_replaced(pipeline, tmp_path: Path) -> None:
    slices.write(pipeline.context(), "dedup", 1.0, tmp_path / "out")
    (tmp_path / "out/with/part-00007.parquet").write_text("left over")
    slices.write(pipeline.context(), "dedup", 0.5, tmp_path / "out")
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert [p.name for p in sorted((tmp_path / "out/with").iterdir())] == manifest["with"]["files"]
