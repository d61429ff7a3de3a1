"""One record of an archive, whatever the archive's form."""

import gzip
import io
import random
import re
from itertools import pairwise

import lz4.frame
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.extract.members import NotAWarc
from stages.extract.pages import Extraction, Failure, Look
from stages.extract.params import ExtractParams, Prefilter
from stages.extract.replay import replay
from stages.extract.shard import ShardFacts, extract

PARAMS = ExtractParams(
    max_page_bytes=10_000,
    max_nodes=1000,
    max_depth=100,
    max_text_chars=1000,
    min_text_chars=1,
    keep_status=(200,),
    prefilter=Prefilter(),
)
FACTS = ShardFacts("s", "crawl", "s.warc", "f" * 32)


@pytest.fixture(scope="module")
def models(request):
    return {"language": str(request.config.rootpath / "data/models/language/model.ftz")}


def record(name: str, kind: str = "response", body: bytes = b"") -> bytes:
    page = f"<html><body><p>{name} {name} {name}</p></body></html>".encode()
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page + body
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:{name}>\r\nWARC-Target-URI: http://h.example/{name}\r\n"
    )
    head += "Content-Type: application/http; msgtype=response\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(block) + block + b"\r\n\r\n"


RECORDS = [record("one"), record("two", "request"), record("three"), record("four")]


def pages(asked):
    asked_urls.extend(page.url for page in asked if page.task == "look")
    answers = {"look": Look("utf-8", 0, 20, 5, 3, "a few words", 3), "text": Extraction("Main text.", None, "engine")}
    return [answers[page.task] for page in asked]


asked_urls: list[str] = []


def ask(data: bytes, offset: int, models, doc_id: str | None = None):
    asked_urls.clear()
    return replay(io.BytesIO(data), offset, doc_id, FACTS, PARAMS, models, pages)


DICTIONARY = zstandard.ZstdCompressionDict(RECORDS[3] * 3, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
LEAD = b"\x5d\x2a\x4d\x18" + len(RECORDS[3] * 3).to_bytes(4, "little") + RECORDS[3] * 3
WITH_DICTIONARY = zstandard.ZstdCompressor(dict_data=DICTIONARY).compress


def arc(name: str) -> bytes:
    block = b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n<p>" + name.encode()
    return b"http://h.example/%s 1.2.3.4 20240102030405 text/html %d\n%s\n" % (name.encode(), len(block), block)


def form(pack, records=RECORDS, lead=b""):
    """The archive, and where each record begins."""
    packed = [pack(one) for one in records]
    return lead + b"".join(packed), [len(lead) + sum(map(len, packed[:i])) for i in range(len(packed))]


FORMS = {
    "a member per record": form(gzip.compress),
    "plain": form(bytes),
    "zstd": form(zstandard.compress),
    "zstd with a dictionary": form(WITH_DICTIONARY, lead=LEAD),
    "lz4": form(lz4.frame.compress),
    "arc": form(gzip.compress, [arc(name) for name in ("one", "two", "three", "four")]),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_one_that_begins_there_and_no_other(form, models) -> None:
    data, offsets = FORMS[form]
    for number in (0, 2, 3):
        found = ask(data, offsets[number], models)
        name = ("one", "two", "three", "four")[number]
        assert found.decisions.select("url", "warc_offset").rows() == [(f"http://h.example/{name}", offsets[number])]
        assert found.documents["text"].to_list() == ["Main text."]
        assert asked_urls == [f"http://h.example/{name}"], "no other page is given to an engine"


def test_in_one_member_for_all_a_doc_id_chooses(models) -> None:
    data = gzip.compress(b"".join(RECORDS), mtime=0)
    every = ask(data, 0, models).decisions
    assert every.height == 3
    for row in every.to_dicts():
        found = ask(data, 0, models, row["doc_id"])
        assert found.decisions["doc_id"].to_list() == [row["doc_id"]]
        assert asked_urls == [row["url"]]


def test_where_nothing_begins(models) -> None:
    data, offsets = FORMS["plain"]
    with pytest.raises(NotAWarc):
        ask(data, offsets[1] + 5, models)
    with pytest.raises(NotAWarc):
        ask(data, len(data), models)
    with pytest.raises(NotAWarc, match="doc_id"):
        ask(data, 0, models, "0" * 32)


def test_damage_is_shown_where_it_begins(models) -> None:
    broken = RECORDS[2].replace(b"Content-Length: ", b"Content-Length: 1")
    data = RECORDS[0] + broken + RECORDS[3]
    found = ask(data, len(RECORDS[0]), models)
    assert found.decisions.select("reason", "warc_offset").rows() == [("damaged_region", len(RECORDS[0]))]


def told(asked):
    """A page reader whose answers tell pages apart; one page crashes it."""
    looks = [page.task == "look" for page in asked]
    crash = Failure("engine_crashed", "SIGSEGV while doing look, twice")
    look = Look("utf-8", 0, 20, 5, 3, "a few words", 3)
    answers = [look if is_look else Extraction(page.url, None, "engine") for page, is_look in zip(asked, looks)]
    return [crash if page.url.endswith("crash") else answer for page, answer in zip(asked, answers)]


BROKEN = record("broken").replace(b"Content-Length: ", b"Content-Length: 1")
RAW = b"".join(
    [*RECORDS, BROKEN, record("five"), record("crash"), b"between records\r\n", record("six"), record("last")]
)
PACKS = {
    "gzip": gzip.compress,
    "plain": bytes,
    "zstd": zstandard.compress,
    "zstd with a dictionary": WITH_DICTIONARY,
    "lz4": lz4.frame.compress,
}


def cut(cuts, pack):
    """RAW in units that begin and end at `cuts`, wherever in a record those are."""
    packed = [PACKS[pack](RAW[a:b]) for a, b in pairwise([0, *sorted(cuts), len(RAW)])]
    return (LEAD if pack == "zstd with a dictionary" else b"") + b"".join(packed)


EDGES = [found.start() for found in re.finditer(b"WARC/1.0", RAW)]


@given(
    st.one_of(st.lists(st.integers(0, len(RAW)), max_size=9), st.lists(st.sampled_from(EDGES), max_size=9)),
    st.sampled_from(sorted(PACKS)),
)
@example([], "gzip")
@example(EDGES, "gzip")
@example(EDGES, "zstd with a dictionary")
@example(range(300, len(RAW), 300), "gzip")  # as bgzip and pigz -i write
@example([edge + 40 for edge in EDGES], "zstd")
@settings(max_examples=40, deadline=None)
def test_any_row_again_is_what_the_run_gave(models, cuts, pack):
    data = cut(cuts, pack)
    run = extract(io.BytesIO(data), FACTS, PARAMS, models, {}, 1.0, told).tables
    for row in run["extract/decisions"].to_dicts():
        found = replay(io.BytesIO(data), row["warc_offset"], row["doc_id"], FACTS, PARAMS, models, told)
        assert found.decisions.to_dicts() == [row]
        for name in ("look", "documents"):
            assert getattr(found, name).rows() == run[f"extract/{name}"].filter(doc_id=row["doc_id"]).rows()


@pytest.mark.parametrize("at", [300, 1500])
def test_a_member_that_begins_inside_a_record_is_no_damage(models, at):
    data = cut([at], "gzip")
    run = extract(io.BytesIO(data), FACTS, PARAMS, models, {}, 1.0, told).tables["extract/decisions"]
    every = [ask(data, offset, models).decisions for offset in run["warc_offset"].unique(maintain_order=True).to_list()]
    assert [row for found in every for row in found["doc_id"].to_list()] == run["doc_id"].to_list()


def test_a_repeat_brings_no_text_of_the_record_that_it_repeats(models):
    data = gzip.compress(RECORDS[0][:40]) + gzip.compress(RECORDS[0][40:] + RECORDS[2][:40])
    data += gzip.compress(RECORDS[2][40:] + RECORDS[0])
    run = extract(io.BytesIO(data), FACTS, PARAMS, models, {}, 1.0, told).tables["extract/decisions"]
    assert run["reason"].to_list() == [None, None, "repeated_record"]
    found = ask(data, run["warc_offset"][2], models, run["doc_id"][2])
    assert found.decisions.to_dicts() == run.to_dicts()[2:]
    assert (found.look.height, found.documents.height) == (0, 0)


def test_a_dictionary_that_is_cut_off_is_no_lead(models):
    data = LEAD[: -len(RECORDS[3])]
    run = extract(io.BytesIO(data), FACTS, PARAMS, models, {}, 1.0, told).tables["extract/decisions"]
    assert run["reason"].to_list() == ["damaged_region", None]  # a plain file, for want of anything else
    for row in run.to_dicts():
        assert ask(data, row["warc_offset"], models).decisions.to_dicts() == [row]


class Watched(io.BytesIO):
    """Counts the bytes that are read."""

    n_read = 0

    def read(self, size=-1):
        data = super().read(size)
        self.n_read += len(data)
        return data


@pytest.mark.parametrize("pack", ["gzip", "plain"])
def test_where_units_begin_at_records_little_else_is_read(models, pack):
    noise = random.Random(0).randbytes(9000)
    packed = [PACKS[pack](record(f"{i}", body=noise)) for i in range(300)]
    stream, offset = Watched(b"".join(packed)), sum(map(len, packed[:150]))
    found = replay(stream, offset, None, FACTS, PARAMS, models, told)
    assert found.decisions["url"].to_list() == ["http://h.example/150"]
    assert stream.n_read < 0.5 * sum(map(len, packed))
