"""From sizes to the released shards: conservation, edits, copies, and the same rows for any cut into shards."""

from collections.abc import Mapping

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mix.decide import decide
from stages.mix.params import Collapse, DecideParams, MixParams, ReleaseParams, SizeParams
from stages.mix.release import assemble, deal, gather
from stages.mix.sampling import plan, unit
from stages.mix.sizes import EDITS, measure_crawl, measure_synthetic
from stages.schemas import DECISIONS, MIXTURE, SIZES
from stages.tokens import count_tokens

COLLAPSE = Collapse(min_real_share=0.5, warn_real_share=0.667, max_unknown_depth_share=0.05)
PARAMS = MixParams(shards=3, seed=1, synthetic={}, weights=None, max_copies=4, collapse=COLLAPSE)
NARROW = ("url", "host", "source", "title", "language", "date")
DOCUMENTS = {"doc_id": pl.String, **dict.fromkeys(NARROW, pl.String), "text": pl.String, "n_tokens": pl.Int64}
SPANS = {"doc_id": pl.String, "start": pl.Int64, "end": pl.Int64, "replacement": pl.String, "kind": pl.String}
STATED = {"licence": pl.String, "canonical": pl.String, "wishes": pl.String, "hidden_share": pl.Float64}
FIELDS = ("generator", "decoding", "method", "generation_depth", "licence", "reference")
MADE = {"doc_id": pl.String, "source": pl.String, "text": pl.String, "n_tokens": pl.Int64} | {
    f: pl.Int64 if f == "generation_depth" else pl.String for f in FIELDS
}
READ = ("extract/documents", "extract/provenance")
Row = dict[str, object]


def page(name: str, text: str, source: str = "crawl", host: str = "a.example") -> Row:
    tokens = int(count_tokens([text])[0])
    url = f"https://{host}/{name}"
    return {"doc_id": name, "url": url, "host": host, "source": source, "text": text, "n_tokens": tokens}


def made(name: str, text: str | None, source: str = "set", **changes: object) -> Row:
    tokens = int(count_tokens([text or ""])[0])
    fields = {f: 1 if f == "generation_depth" else f"{f} of it" for f in FIELDS} | changes
    return {"doc_id": name, "source": source, "text": text, "n_tokens": tokens, **fields}


def mixed(
    crawl: Mapping[str, list[Row]],
    synthetic: Mapping[str, list[Row]],
    spans: list[Row] | None = None,
    rejected: tuple[str, ...] = (),
    params: MixParams = PARAMS,
    takedowns: tuple[str, ...] = (),
) -> dict[str, dict[str, pl.DataFrame]]:
    """Every table of the stage, up to and with decisions. `spans` are toxicity's edits."""
    tables: dict[str, dict[str, pl.DataFrame]] = {name: {} for name in (*EDITS, *READ, "mix/synthetic")}
    sizes = tables["mix/sizes"] = {}
    for shard, rows in crawl.items():
        own = {name: pl.DataFrame(schema=SPANS) for name in EDITS}
        own["extract/documents"] = pl.DataFrame(rows, schema=DOCUMENTS)
        own["toxicity/edits"] = pl.DataFrame([s for s in spans or [] if s["doc_id"] in own_ids(rows)], schema=SPANS)
        kept = [r["doc_id"] not in rejected for r in rows]
        own["toxicity/decisions"] = pl.DataFrame(
            {"doc_id": [r["doc_id"] for r in rows], "keep": kept}, schema={"doc_id": pl.String, "keep": pl.Boolean}
        )
        sizes[shard] = measure_crawl(own, SizeParams(takedowns=takedowns), {})["mix/sizes"]
        own["extract/provenance"] = pl.DataFrame(
            [{"doc_id": r["doc_id"], "licence": f"licence of {r['doc_id']}", "hidden_share": 0.25} for r in rows],
            schema={"doc_id": pl.String, **STATED},
        )
        for name in (*EDITS, *READ):
            tables[name][shard] = own[name]
    for shard, rows in synthetic.items():
        frame = tables["mix/synthetic"][shard] = pl.DataFrame(rows, schema=MADE)
        sizes[shard] = measure_synthetic({"mix/synthetic": frame}, SizeParams(takedowns=takedowns), {})["mix/sizes"]
    planned = plan({"mix/sizes": sizes}, params, {})
    tables["mix/decisions"] = {
        s: decide({"mix/sizes": sizes[s], **planned}, DecideParams(shard=s, seed=params.seed), {})["mix/decisions"]
        for s in sorted(sizes)
    }
    clusters = {"doc_id": ["p1"], "cluster_size": [5]}
    whole = {"mix/plan": planned["mix/plan"], "dedup/clusters": pl.DataFrame(clusters)}
    return tables | {name: {"part-00000": frame} for name, frame in whole.items()}


def own_ids(rows: list[Row]) -> set[object]:
    return {r["doc_id"] for r in rows}


def released(tables: Mapping[str, Mapping[str, pl.DataFrame]], params: MixParams = PARAMS) -> list[pl.DataFrame]:
    return [
        assemble(tables, ReleaseParams(release=k, shards=params.shards, seed=params.seed), {})["mix/documents"]
        for k in range(params.shards)
    ]


def reasons(tables: Mapping[str, Mapping[str, pl.DataFrame]]) -> dict[str, tuple[str | None, str | None]]:
    rows = pl.concat(list(tables["mix/decisions"].values()))
    return {d: (r, detail) for d, r, detail in rows.select("doc_id", "reason", "detail").iter_rows()}


def test_every_reason_of_a_decision():
    crawl = [page("p1", "kept words"), page("p2", "all goes"), page("p3", "taken", host="www.gone.example")]
    synthetic = [
        made("s1", "kept words"),
        made("s2", None),
        made("s3", "no source of it", licence=None, generator=None),
        made("s1", "the same id again"),
    ]
    spans = [{"doc_id": "p2", "start": 0, "end": 8, "replacement": None, "kind": "line"}]
    tables = mixed({"a": crawl}, {"b": synthetic, "c": [made("s1", "and again")]}, spans, takedowns=("gone.example",))
    assert tables["mix/decisions"]["a"].to_arrow().cast(DECISIONS).num_rows == 3
    assert tables["mix/sizes"]["a"].to_arrow().cast(SIZES).num_rows == 3
    found = [(r, d) for r, d in tables["mix/decisions"]["a"].select("reason", "detail").iter_rows()]
    assert found == [(None, None), ("emptied_by_edits", None), ("takedown", None)]
    found = [(r, d) for r, d in tables["mix/decisions"]["b"].select("reason", "detail").iter_rows()]
    assert found == [
        (None, None),
        ("missing_text", None),
        ("missing_provenance", "generator, licence"),
        ("repeated_document", "b"),
    ]
    assert reasons({"mix/decisions": {"c": tables["mix/decisions"]["c"]}}) == {"s1": ("repeated_document", "b")}


def test_the_first_row_that_may_be_sampled_keeps_a_repeated_document_and_its_text_is_released():
    rows = [made("s1", "says no licence", licence=None), made("s1", "says one"), made("s1", "says another")]
    tables = mixed({}, {"b": rows, "a": rows[:1], "c": rows[1:]})
    found = {s: t.select("reason", "detail").rows() for s, t in tables["mix/decisions"].items()}
    unlicensed, again = ("missing_provenance", "licence"), ("repeated_document", "b")
    assert found == {"a": [unlicensed], "b": [unlicensed, (None, None), again], "c": [again, again]}
    every = pl.concat(released(tables))
    assert every.select("doc_id", "text", "n_tokens").rows() == [("s1", "says one", 2)]
    assert every["provenance"].struct.field("licence").to_list() == ["licence of it"]


def test_other_failing_rules_are_listed_in_order():
    tables = mixed({}, {"b": [made("s1", None, method=None)]}, takedowns=("s1",))
    row = tables["mix/decisions"]["b"].row(0, named=True)
    assert (row["reason"], row["also"]) == ("takedown", ["missing_text", "missing_provenance"])


def test_a_document_that_is_not_sampled_shows_its_unit_and_the_rate():
    params = PARAMS.model_copy(update={"weights": {"set": 0.2}})
    rows = [made(f"s{i}", "four words are here") for i in range(200)]
    tables = mixed({"a": [page(f"p{i}", "four words are here") for i in range(80)]}, {"b": rows}, params=params)
    out = tables["mix/decisions"]["b"].filter(reason="not_sampled")
    assert out["bound"].unique().to_list() == [0.1]
    assert out["value"].to_list() == [unit(d, 1) for d in out["doc_id"]]
    assert (out["value"] >= 0.1).all()
    assert 5 <= 200 - out.height <= 40


def test_released_rows_have_all_edits_and_recounted_tokens():
    spans = [{"doc_id": "p1", "start": 5, "end": 22, "replacement": "email@example.com", "kind": "email"}]
    spans.append({"doc_id": "p1", "start": 22, "end": 25, "replacement": None, "kind": "line"})
    tables = mixed({"a": [page("p1", "mail somebody@corp.net or not"), page("p2", "plain")]}, {}, spans)
    out = pl.concat(released(tables)).sort("doc_id")
    assert out.to_arrow().cast(MIXTURE).num_rows == 2
    assert out["text"].to_list() == ["mail email@example.com not", "plain"]
    assert out["n_tokens"].to_list() == count_tokens(out["text"].to_list()).tolist()
    assert out["cluster_size"].to_list() == [5, 1]
    nothing = dict.fromkeys((*FIELDS, *STATED))
    stated = {"origin": "crawl", "licence": "licence of p1", "hidden_share": 0.25}
    assert out["provenance"].to_list()[0] == nothing | stated, "what the page says of itself"


def test_synthetic_rows_carry_their_provenance():
    out = pl.concat(released(mixed({}, {"b": [made("s1", "some words")]})))
    said = {"origin": "synthetic", **{f: made("", "")[f] for f in FIELDS}}
    assert out["provenance"].to_list() == [dict.fromkeys(STATED) | said]
    assert out.select("url", "host", "title", "language", "date").row(0) == (None,) * 5


def test_the_first_of_repeated_rows_is_released():
    out = pl.concat(released(mixed({}, {"b": [made("s1", "first"), made("s1", "second")], "c": [made("s1", "third")]})))
    assert out["text"].to_list() == ["first"]


def test_copies_are_numbered_and_met():
    params = PARAMS.model_copy(update={"weights": {"set": 0.5}})
    tables = mixed({"a": [page("p", "six words stand here in all")]}, {"b": [made("s", "two words")]}, params=params)
    out = pl.concat(released(tables, params)).filter(source="set")
    assert sorted(out["copy"].to_list()) == [0, 1, 2]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 2), min_size=40, max_size=40), st.integers(1, 4), st.floats(0.05, 0.6))
def test_rows_in_are_rows_out_and_shards_move_nothing(cut, shards, weight):
    """Every kept document is in exactly one release shard per copy, in order, however the input was cut."""
    params = PARAMS.model_copy(update={"weights": {"set": weight}, "shards": shards})
    crawl = [page(f"p{i}", "word " * (i + 1)) for i in range(25)]
    synthetic = [made(f"s{i}", "word " * (i + 1), method=None if i == 3 else "m") for i in range(15)]
    rejected = ("p4", "p9")
    whole = released(mixed({"a": crawl}, {"z": synthetic}, rejected=rejected, params=params), params)
    parts = mixed(
        {f"a{k}": [r for r, c in zip(crawl, cut) if c == k] for k in range(3)},
        {f"z{k}": [r for r, c in zip(synthetic, cut[25:]) if c == k] for k in range(3)},
        rejected=rejected,
        params=params,
    )
    for k, (one, other) in enumerate(zip(whole, released(parts, params), strict=True)):
        assert one.equals(other), k
        assert one.select("doc_id", "copy").equals(one.select("doc_id", "copy").sort("doc_id", "copy"))
    decisions = pl.concat(list(parts["mix/decisions"].values()))
    assert decisions.height == 25 - len(rejected) + 15
    assert decisions["keep"].sum() + decisions["reason"].is_not_null().sum() == decisions.height
    kept = set(decisions.filter("keep")["doc_id"])
    out = pl.concat(whole)
    assert set(out["doc_id"]) == kept
    assert out.select("doc_id", "copy").is_unique().all()
    assert (out.group_by("doc_id").agg(pl.col("copy").max() + 1 == pl.len())["copy"]).all()


def test_weights_are_met_within_the_noise_of_sampling():
    params = PARAMS.model_copy(update={"weights": {"crawl": 0.6, "set": 0.4}})
    crawl, synthetic = (
        [page(f"p{i}", "word " * 20) for i in range(300)],
        [made(f"s{i}", "word " * 20) for i in range(800)],
    )
    out = pl.concat(released(mixed({"a": crawl}, {"z": synthetic}, params=params), params))
    share = out.filter(source="set")["n_tokens"].sum() / out["n_tokens"].sum()
    assert abs(share - 0.4) < 0.04


def test_deal_and_gather_equal_assemble():
    tables = mixed({"a": [page(f"p{i}", f"words {i}") for i in range(9)]}, {"z": [made("s", "two words")]})
    shared = {name: tables[name]["part-00000"] for name in ("mix/plan", "dedup/clusters")}
    params = [ReleaseParams(release=k, shards=3, seed=1) for k in range(3)]
    dealt = {}
    for shard in ("a", "z"):
        own = {name: t[shard] for name, t in tables.items() if shard in t}
        dealt[shard] = deal({**shared, **own}, params[0], {})["mix/dealt"]
    for one, p in zip(released(tables), params, strict=True):
        assert gather({"mix/dealt": dealt}, p, {})["mix/documents"].equals(one)


@pytest.mark.parametrize(
    "takedown", ["p1", "https://a.example/p1", "a.example", "example", "A.Example/p1#x", " A.example"]
)
def test_takedowns_match_ids_urls_hosts_and_subdomains(takedown):
    found = reasons(mixed({"a": [page("p1", "x"), page("p2", "y", host="aa.example.test")]}, {}, takedowns=(takedown,)))
    assert found == {"p1": ("takedown", None), "p2": (None, None)}


def test_a_takedown_of_a_host_spares_hosts_that_only_end_alike():
    pages = [page("p1", "x", host="gone.example"), page("p2", "y", host="notgone.example")]
    found = reasons(mixed({"a": pages}, {}, takedowns=("gone.example",)))
    assert found == {"p1": ("takedown", None), "p2": (None, None)}


def test_nothing_to_release_gives_empty_shards():
    assert [f.to_arrow().cast(MIXTURE).num_rows for f in released(mixed({}, {}))] == [0, 0, 0]
    assert [f.to_arrow().cast(MIXTURE).num_rows for f in released(mixed({"a": []}, {"z": []}))] == [0, 0, 0]
