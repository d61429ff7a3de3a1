"""The stage as a whole: parts, lots and shards move nothing; what is finished is not done again."""

import shutil

import polars as pl
import pytest

from pipelines import components, dedup, outputs
from pipelines.errors import BadInput
from pipelines.files import read_lines
from stages.census import pick
from stages.dedup import clusters

RESULTS = ("dedup/clusters", "dedup/decisions", "dedup/audit")


def results(one):
    return {name: one.table(name) for name in RESULTS}


def again(one, **options):
    """Run dedup alone; returns how many jobs of each family ran."""
    one.raw["run"]["executor"] = "inprocess"
    rates = one.root / ".run" / "rates.jsonl"
    before = len(read_lines(rates)) if rates.exists() else 0
    dedup.run(one.context(**options))
    done: dict[str, int] = {}
    for row in read_lines(rates)[before:]:
        done[row["family"]] = done.get(row["family"], 0) + row["shards"]
    return done


def test_the_sample_has_copies_of_both_kinds(pipeline):
    kinds = pipeline.table("dedup/clusters")["kind"].value_counts(sort=True)
    assert set(kinds["kind"].to_list()) == {None, "exact", "near"}


def test_the_tasks_find_what_one_go_over_all_tables_finds(pipeline):
    ctx = pipeline.context()
    names = ("dedup/signatures", "extract/documents", "quality/decisions", "quality/edits", "quality/scores")
    stages = {name: outputs.manifest(ctx.store, name.split("/")[0]).of(name) for name in names}
    tables = {name: {shard: ctx.store.read(ref) for shard, ref in refs.items()} for name, refs in stages.items()}
    found = clusters.cluster(tables, ctx.params.dedup, {})
    assert found["dedup/clusters"].equals(pipeline.table("dedup/clusters"))
    assert found["dedup/audit"].equals(pipeline.table("dedup/audit"))
    texts = pl.concat(tables["dedup/signatures"].values()).join(
        pl.concat(tables["quality/decisions"].values()).filter("keep"), on="doc_id", how="semi"
    )
    copies = texts.filter(pl.col("exact").is_duplicated())["doc_id"]
    assert set(copies) <= set(found["dedup/clusters"]["doc_id"])


def test_nothing_to_do_does_nothing(fresh):
    assert again(fresh) == {}


def test_parts_and_lots_move_no_verdict(fresh, monkeypatch):
    before = results(fresh)
    monkeypatch.setattr(dedup, "PART_KEYS", 200)
    monkeypatch.setattr(clusters, "LOT_SHINGLES", 200)
    done = again(fresh)
    assert done["candidates"] >= 8 and done["near"] >= 3
    for name, table in results(fresh).items():
        assert table.equals(before[name]), name


def test_a_large_component_is_judged_from_a_mapped_file(fresh, monkeypatch):
    before = results(fresh)
    monkeypatch.setattr(clusters, "LOT_SHINGLES", 1)
    opened = []
    whole = dedup.space
    monkeypatch.setattr(dedup, "space", lambda n, most: opened.append(n > most) or whole(n, most))
    again(fresh)
    assert any(opened)
    for name, table in results(fresh).items():
        assert table.equals(before[name]), name


def test_a_shard_less_decides_again_only_where_a_verdict_moved(fresh):
    def decided():
        store = fresh.context().store
        return {shard: ref.digest for shard, ref in outputs.manifest(store, "dedup").of("dedup/decisions").items()}

    before = decided()
    gone = sorted(before)[-1]
    next((fresh.root / "data" / "sample").glob(f"{gone}.warc*")).unlink()
    done = fresh.run("dedup", prune=True)
    after = decided()
    moved = [shard for shard in after if after[shard] != before[shard]]
    assert len(after) == len(before) - 1 > len(moved)
    assert done.get(("dedup", "decisions"), 0) == len(moved)


def test_a_lost_part_is_done_again_and_nothing_else(fresh, monkeypatch):
    monkeypatch.setattr(dedup, "PART_KEYS", 200)
    again(fresh)
    store = fresh.context().store
    found = outputs.manifest(store, "dedup")
    store.path(found.of("dedup/candidates")["part-00001"]).unlink()
    assert again(fresh) == {"candidates": 1}


def test_another_threshold_signs_nothing_again(fresh):
    fresh.raw["dedup"]["threshold"] = 0.99
    done = again(fresh)
    assert "signatures" not in done and "keys" not in done and "candidates" not in done
    assert done["near"] >= 1
    assert (fresh.table("dedup/clusters").filter(kind="near")["similarity"] >= 0.99).all()


@pytest.mark.parametrize("table", ["dedup/members", "dedup/keys", "dedup/sets"])
def test_tables_of_the_search_are_sorted_by_what_they_are_cut_by(pipeline, table):
    store = pipeline.context().store
    column = {"dedup/members": "content", "dedup/keys": "key", "dedup/sets": "lot"}[table]
    for ref in outputs.manifest(store, "dedup").shards(table):
        assert store.read(ref)[column].is_sorted()


def test_every_candidate_part_holds_its_own_range(fresh, monkeypatch):
    monkeypatch.setattr(dedup, "PART_KEYS", 200)
    again(fresh)
    whole = fresh.table("dedup/copies")
    assert whole["document"].is_unique().all()
    assert whole.join(fresh.table("dedup/clusters"), left_on="document", right_on="doc_id", how="anti").is_empty()


def test_components_found_by_rounds_are_those_of_one_task(fresh, monkeypatch):
    monkeypatch.setattr(dedup, "PART_KEYS", 400)
    again(fresh)
    before, lots = results(fresh), fresh.table("dedup/lots")
    monkeypatch.setattr(components, "IN_MEMORY", 0)
    done = again(fresh)
    assert done["stars"] >= 4 * done["stars_first"] > 4
    assert fresh.table("dedup/lots").equals(lots)
    for name, table in results(fresh).items():
        assert table.equals(before[name]), name
    assert again(fresh) == {}


def test_components_that_do_not_settle_are_a_failure(fresh, monkeypatch):
    monkeypatch.setattr(components, "IN_MEMORY", 0)
    monkeypatch.setattr(components, "MOST", 3)
    with pytest.raises(RuntimeError, match="within 3 rounds"):
        again(fresh)


def test_paragraphs_that_a_host_repeats_become_edits(fresh):
    fresh.raw["dedup"]["paragraphs"] = {"min_pages": 2, "min_words": 4}
    assert again(fresh)["repeated"] >= 1
    spans = fresh.table("dedup/edits")
    assert set(spans["kind"]) == {"repeated_paragraph"}
    counted = fresh.table("dedup/repeated")
    assert (counted["pages"] >= 2).all()
    assert spans.height >= counted["pages"].sum()
    counted = pick(outputs.total_census(fresh.context().store, "dedup"), "kind")
    assert counted.get("repeated_paragraph", 0) == spans.height
    fresh.raw["dedup"]["paragraphs"] = {"min_pages": None}
    again(fresh)
    assert fresh.table("dedup/edits").is_empty()


def crawl(one, source: str, pages: dict[str, str]) -> None:
    """Run up to quality over one archive of pages: url -> what stands between <article> and its end."""
    records = []
    for number, (url, text) in enumerate(pages.items()):
        html = f"<html><head><title>A page</title></head><body><article>{text}</article></body></html>"
        body = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}"
        records.append(
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{number:012}>\r\n"
            f"WARC-Date: 2025-01-01T00:00:{number:02}Z\r\nWARC-Target-URI: {url}\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(body)}\r\n\r\n{body}\r\n\r\n"
        )
    (one.root / "a.warc").write_text("".join(records), newline="")
    one.raw["input"]["warcs"] = {source: "a.warc"}
    one.raw["quality"]["signals"] = {}
    one.raw["quality"]["languages"] = ["en"]
    one.raw["gates"] = {stage: {} for stage in one.raw["gates"]}
    one.run("quality")


ARTICLE = "".join(f"<p>{text}</p>" for text in (
    "The ferry leaves the old harbour at seven in the morning and comes back in the late afternoon.",
    "Whoever misses it walks along the coast, where the path is narrow and the wind seldom rests.",
    "In winter the boat stays ashore, and the keeper of the inn takes letters across when the sea is calm.",
))  # fmt: skip


def test_a_page_whose_copies_leave_keeps_its_paragraphs(empty):
    crawl(empty, "crawl", {f"http://a.example/harbour?session={k}": ARTICLE for k in range(4)})
    empty.raw["dedup"]["paragraphs"] = {"min_pages": 2, "min_words": 4}
    again(empty)
    assert empty.table("dedup/decisions")["reason"].value_counts(sort=True).rows() == [
        ("exact_duplicate", 3),
        (None, 1),
    ]
    assert empty.table("dedup/edits").is_empty()


def test_an_index_file_with_the_name_of_a_shard_stops_the_run(empty):
    crawl(empty, "index", {"http://a.example/harbour": ARTICLE})
    (empty.root / "earlier").mkdir()
    (empty.root / "earlier" / "a.parquet").touch()
    empty.raw["dedup"]["index"] = "earlier"
    with pytest.raises(BadInput, match=r"dedup.index: .*earlier/a.parquet .*'index.a'.* input.warcs"):
        again(empty)


def released(one, tmp_path, **params):
    """The index that a run leaves, in a folder of its own."""
    one.raw["dedup"] |= {"write_index": True, **params}
    one.run()
    shutil.copytree(one.root / "data" / "mix" / "index", tmp_path / "release-1")
    return tmp_path / "release-1"


def test_what_an_earlier_release_holds_leaves_and_names_it(fresh, tmp_path):
    before = fresh.table("dedup/decisions")
    folder = released(fresh, tmp_path)
    fresh.raw["dedup"] |= {"write_index": False, "index": str(folder)}
    done = again(fresh)
    assert done["index_keys"] == done["index_sets"] == 3 and "signatures" not in done and "keys" not in done
    after = fresh.table("dedup/decisions")
    assert not after["keep"].any()
    kept = set(before.filter("keep")["doc_id"])
    assert set(after["related_doc_id"]) <= kept
    same = after.filter(pl.col("doc_id").is_in(list(kept)))
    assert set(same["reason"]) == {"released_exact_duplicate"}
    assert (same["related_doc_id"] == same["doc_id"]).all()
    near = set(before.filter(reason="near_duplicate")["doc_id"])
    assert set(after.filter(reason="released_near_duplicate")["doc_id"]) == near


def test_what_no_release_held_is_not_in_its_index(fresh, tmp_path):
    taken, *rest = fresh.table("mix/documents").drop_nulls("url")["doc_id"].unique().sort()
    fresh.raw["input"]["takedowns"] = [taken]
    fresh.raw["mix"] |= {"weights": {"crawl": 0.5, "healthy": 0.5}, "max_copies": 1}
    folder = released(fresh, tmp_path)
    indexed = set(pl.concat(pl.read_parquet(path) for path in folder.iterdir())["document"])
    assert indexed == set(fresh.table("mix/documents").drop_nulls("url")["doc_id"])
    assert taken not in indexed and 0 < len(indexed) < len(rest)


def test_indexed_documents_are_not_compared_with_each_other(fresh, tmp_path):
    """An index made with threshold 1 holds near copies: a later run at .8 says nothing about them."""
    folder = released(fresh, tmp_path, threshold=1.0)
    fresh.raw["dedup"] |= {"write_index": False, "index": str(folder), "threshold": 0.8}
    again(fresh)
    assert set(fresh.table("dedup/clusters")["kind"]) == {"released_exact"}
    assert fresh.table("dedup/clusters")["cluster_id"].null_count() == 0


def test_an_index_of_another_form_stops_the_run(fresh, tmp_path):
    folder = released(fresh, tmp_path)
    fresh.raw["dedup"] |= {"write_index": False, "index": str(folder), "shingle": 4}
    with pytest.raises(BadInput, match=r"dedup.index: .*shingle=5.*shingle=4"):
        again(fresh)


def test_an_index_that_is_not_there_stops_the_run(fresh, tmp_path):
    fresh.raw["dedup"]["index"] = str(tmp_path / "nothing")
    with pytest.raises(BadInput, match="holds no Parquet file"):
        again(fresh)
