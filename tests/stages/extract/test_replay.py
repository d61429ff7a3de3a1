"""One record of an archive, whatever the archive's form."""

import gzip
import io

import lz4.frame
import pytest
import zstandard

from stages.extract.members import NotAWarc
from stages.extract.pages import Extraction, Look
from stages.extract.params import ExtractParams, Prefilter
from stages.extract.replay import replay
from stages.extract.shard import ShardFacts

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


def record(name: str, kind: str = "response") -> bytes:
    page = f"<html><body><p>{name} {name} {name}</p></body></html>".encode()
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
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
