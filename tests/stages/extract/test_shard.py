import io
from pathlib import Path

import polars as pl
import pytest

from stages import schemas
from stages.extract import engine, shard
from stages.extract.pages import Failure
from stages.extract.params import ExtractParams, Prefilter, Provenance
from stages.extract.scan import scan
from stages.extract.shard import ShardFacts, extract

MODEL = str(Path(__file__).resolve().parents[3] / "data" / "models" / "language" / "model.ftz")
FACTS = ShardFacts("s", "crawl", "s.warc.gz", "f" * 32)
PARAMS = ExtractParams(
    max_page_bytes=1_000_000,
    max_nodes=10_000,
    max_depth=100,
    max_text_chars=1_000_000,
    min_text_chars=1,
    keep_status=(200,),
    prefilter=Prefilter(),
)


def here(pages):
    return [engine.answer(page) for page in pages]


def run(raw, params=PARAMS, forbidden=None, sample=1.0, read_pages=here):
    return extract(io.BytesIO(raw), FACTS, params, {"language": MODEL}, forbidden or {}, sample, read_pages)


def page(words):
    text = "".join(f"<p>This is paragraph {i} of a page about {words}, and it says enough.</p>" for i in range(8))
    return f"<html><body><article>{text}</article></body></html>".encode()


def crawl(warcs):
    """One record for each way out, and some that stay."""
    html, png = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n", "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
    made = [
        ("kept", {"body": page("cats")}),
        ("kept", {"body": page("dogs"), "http": None, "kind": "resource"}),
        (None, {"kind": "request"}),
        ("revisit", {"kind": "revisit", "body": b""}),
        ("http_status", {"http": "HTTP/1.1 404 No\r\nContent-Type: text/html\r\n"}),
        ("not_html", {"http": png, "body": b"\x89PNG"}),
        ("oversize", {"body": b"x" * 1_000_001}),
        ("undecodable", {"http": html + "Content-Encoding: gzip\r\n", "body": b"\x1f\x8b\x08 no"}),
        ("undecodable", {"http": html.replace("html", "html; charset=utf-8"), "body": b"<p>" + b"\xff" * 100}),
        ("empty_body", {"body": b" \n "}),
        ("too_many_nodes", {"body": b"<p>x</p>" * 10_001}),
        ("too_deep", {"body": b"<div>" * 200 + b"x"}),
        ("no_main_text", {"body": b"<html><body><img src=x></body></html>"}),
        ("kept", {"body": page("birds")}),
    ]
    records = [warcs.record(name=f"<urn:{i}>", url=f"http://h{i}.example/", **m) for i, (_, m) in enumerate(made)]
    return [reason for reason, _ in made], records


def test_each_record_gets_one_decision_with_its_reason(warcs):
    expected, records = crawl(warcs)
    done = run(warcs.zipped(*records))
    decisions = done.tables["extract/decisions"]
    assert decisions["reason"].to_list() == [None if r == "kept" else r for r in expected if r]
    assert decisions["keep"].to_list() == [r == "kept" for r in expected if r]
    documents = done.tables["extract/documents"]
    assert documents["doc_id"].to_list() == decisions.filter("keep")["doc_id"].to_list()


def test_tables_have_the_columns_of_the_schemas(warcs):
    done = run(warcs.zipped(*crawl(warcs)[1]))
    for name, table in done.tables.items():
        assert table.columns == schemas.TABLES[name].names
        table.to_arrow().cast(schemas.TABLES[name])


def test_a_documents_row(warcs):
    [row] = run(warcs.record(page("cats"))).tables["extract/documents"].to_dicts()
    assert "page about cats" in row["text"]
    assert (row["url"], row["host"], row["source"]) == ("http://a.example/1", "a.example", "crawl")
    assert (row["language"], row["date"], row["extractor"]) == ("en", "2024-01-02T03:04:05Z", "trafilatura")
    assert (row["n_chars"], row["n_tokens"]) == (len(row["text"]), 8 * 13)


def test_the_look_has_a_row_for_each_page_that_was_read(warcs):
    expected, records = crawl(warcs)
    done = run(warcs.zipped(*records))
    looked = {"kept", "too_many_nodes", "too_deep", "no_main_text"}
    table = done.tables["extract/look"]
    assert table.height == sum(r in looked for r in expected) + 1  # the page whose bytes are no UTF-8 is read too
    unread = table.filter(pl.col("n_words").is_null())
    assert unread.height == 2
    assert unread["language"].null_count() == 2


def test_the_account_explains_the_scan(warcs):
    _, records = crawl(warcs)
    raw = warcs.zipped(*records[:5]) + b"garbage" + warcs.zipped(*records[5:])[:-10]
    done = run(raw)
    assert done.account.n_headers == scan(io.BytesIO(raw), "x", "d").n_headers
    assert done.account.n_rows == done.tables["extract/decisions"].height
    assert (done.account.n_damaged, done.account.n_headers_in_damage, done.account.n_other_types) == (2, 1, 1)


def test_a_damaged_region_has_a_row_of_its_own(warcs):
    first, second = warcs.many(2, body=page("cats"))
    row = run(first + second[:-40]).tables["extract/decisions"].row(1, named=True)
    assert (row["reason"], row["warc_offset"], row["warc_file"]) == ("damaged_region", len(first), "s.warc.gz")
    assert (row["url"], row["record_type"], row["value"]) == (None, None, 1.0)
    assert row["detail"].startswith("a record that does not end where its Content-Length says; 1 WARC headers")


def test_the_first_of_repeats_is_kept(warcs):
    raw = warcs.record(page("cats")) + warcs.record(page("dogs"))
    done = run(raw)
    assert done.tables["extract/decisions"]["reason"].to_list() == [None, "repeated_record"]
    repeat = done.tables["extract/decisions"].row(1, named=True)
    assert repeat["related_doc_id"] == repeat["doc_id"]
    assert "cats" in done.tables["extract/documents"]["text"][0]


def test_what_other_shards_and_takedowns_forbid_is_not_read(warcs):
    first, second = (run(r).tables["extract/decisions"]["doc_id"][0] for r in warcs.many(2))
    forbidden = {first: ("repeated_record", first), second: ("takedown", None)}
    done = run(b"".join(warcs.many(2)), forbidden=forbidden, read_pages=lambda pages: pytest.fail("read"))
    assert done.tables["extract/decisions"]["reason"].to_list() == ["repeated_record", "takedown"]
    assert done.tables["extract/decisions"]["related_doc_id"].to_list() == [first, None]


def test_a_sample_reads_its_share(warcs):
    raw = b"".join(warcs.many(60, body=page("cats")))
    half, all_ = run(raw, sample=0.5).tables["extract/decisions"], run(raw).tables["extract/decisions"]
    out = half.filter(pl.col("reason") == "not_sampled")
    assert 0 < out.height < 60
    assert half.filter("keep")["doc_id"].to_list() == [
        i for i in all_["doc_id"].to_list() if i not in set(out["doc_id"].to_list())
    ]


def test_a_prefilter_keeps_pages_from_the_engine_and_their_look(warcs):
    tasks = []

    def noted(pages):
        tasks.extend(p.task for p in pages)
        return here(pages)

    strict = PARAMS.model_copy(update={"prefilter": Prefilter(languages=("de",))})
    done = run(warcs.record(page("cats")), params=strict, read_pages=noted)
    row = done.tables["extract/decisions"].row(0, named=True)
    assert (row["reason"], row["detail"]) == ("prefilter_language", "en")
    assert (tasks, done.tables["extract/look"].height) == (["look"], 1)


@pytest.mark.parametrize("task", ["look", "text"])
def test_a_page_that_kills_its_reader_costs_itself(warcs, task):
    victim = run(warcs.many(3)[1]).tables["extract/decisions"]["doc_id"][0]

    def fails(pages):
        died = Failure("engine_crashed", f"SIGSEGV while doing {task}, twice")
        return [died if (p.doc_id, p.task) == (victim, task) else engine.answer(p) for p in pages]

    raw = b"".join(warcs.many(3, body=page("cats")))
    done = run(raw, read_pages=fails)
    decisions = done.tables["extract/decisions"]
    assert decisions["reason"].to_list() == [None, "engine_crashed", None]
    offset = decisions["warc_offset"][1]
    assert decisions["detail"][1] == f"SIGSEGV while doing {task}, twice; replay s.warc.gz at {offset}"


def test_batches_change_nothing(warcs, monkeypatch):
    raw = warcs.zipped(*crawl(warcs)[1], *warcs.many(40, body=page("cats")))
    whole = run(raw).tables
    monkeypatch.setattr(shard, "BATCH_PAGES", 3)
    cut = run(raw).tables
    assert all(whole[name].equals(cut[name]) for name in whole)


def test_other_failing_rules_stand_in_also(warcs):
    raw = warcs.record(b"\x89PNG", http="HTTP/1.1 404 No\r\nContent-Type: image/png\r\n")
    assert run(raw).tables["extract/decisions"]["also"].to_list() == [["not_html"]]


def test_what_lists_speak_against_is_not_read(warcs):
    first, second = (run(r).tables["extract/decisions"]["doc_id"][0] for r in warcs.many(2))
    lists = {first: ("blocked_url", "adult: host"), second: ("unlisted_url", None)}
    taken = {first: ("takedown", None)}
    raw, none = b"".join(warcs.many(2)), lambda pages: pytest.fail("read")
    done = extract(io.BytesIO(raw), FACTS, PARAMS, {"language": MODEL}, taken, 1.0, none, lists)
    rows = done.tables["extract/decisions"].select("reason", "also", "detail").rows()
    assert rows[0] == ("takedown", ["blocked_url"], None)
    assert rows[1] == ("unlisted_url", [], "on none of the lists that are to be kept")
    done = extract(io.BytesIO(raw), FACTS, PARAMS, {"language": MODEL}, {}, 1.0, here, {first: lists[first]})
    assert done.tables["extract/decisions"].row(0, named=True)["detail"] == "adult: host"


NOTES = ("X-Robots-Tag: noindex", "X-Robots-Tag: noai", "TDM-Reservation: 1")
NOTED = "\r\n".join(("HTTP/1.1 200 OK", "Content-Type: text/html", *NOTES, ""))
HEAD = b"""<link rel=canonical href="/other"><link rel=license href="https://creativecommons.org/licenses/by/4.0/">
<meta property="article:published_time" content="2020-05-01"><p hidden>not for people</p>"""


def test_what_page_and_headers_say_is_a_row(warcs):
    done = run(warcs.record(HEAD + page("cats"), http=NOTED) + warcs.record(page("dogs"), name="<urn:uuid:2>"))
    noted, plain = done.tables["extract/provenance"].rows(named=True)
    share = noted.pop("hidden_share")
    assert 0 < share < 0.1
    assert noted == {
        "doc_id": done.tables["extract/documents"]["doc_id"][0],
        "page_date": "2020-05-01",
        "page_date_by": "meta",
        "canonical": "/other",
        "canonical_differs": True,
        "licence": "CC-BY-4.0",
        "licence_by": "rel",
        "wishes": "noai,noindex,tdm_reservation",
        "tdm_policy": None,
        "hidden_chars": 12,
        "hidden_by": "attribute",
    }
    del plain["doc_id"]
    assert {n: v for n, v in plain.items() if v is not None} == {"hidden_chars": 0, "hidden_share": 0.0}
    assert done.tables["extract/provenance"].columns == schemas.PROVENANCE.names


def test_what_a_page_says_is_a_reason_where_params_say_so(warcs):
    bounds = Provenance(wishes=("noai",), own_canonical=True, max_hidden_share=0.001, latest="2019-12-31")
    raw = warcs.record(HEAD + page("cats"), http=NOTED) + warcs.record(page("dogs"), name="<urn:uuid:2>")
    done = run(raw, PARAMS.model_copy(update={"provenance": bounds}))
    rows = done.tables["extract/decisions"].rows(named=True)
    assert (rows[0]["reason"], rows[0]["detail"]) == ("opted_out", "noai")
    assert rows[0]["also"] == ["hidden_text", "other_canonical", "dated_outside"]
    assert rows[1]["keep"]
    assert done.tables["extract/provenance"].height == 2


def test_how_a_page_was_decoded_is_told(warcs):
    plain = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
    text = "<p>Zażółć gęślą jaźń; pchnąć w tę łódź jeża lub ośm skrzyń fig.</p>" * 4
    raw = warcs.record(text.encode("iso8859-2"), http=plain)
    row = run(raw).tables["extract/look"].row(0, named=True)
    assert [row[n] for n in ("encoding", "encoding_by", "encoding_fix", "n_replaced")] == [
        *("iso8859-2", "detected", "not_as_declared", 0)
    ]
    assert "gęślą" in run(raw).tables["extract/documents"]["text"][0]
