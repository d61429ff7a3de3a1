"""What is asked of other machines; s3 against an imitation that speaks HEAD, GET and ListObjectsV2."""

import hashlib
import random

import pytest

from pipelines import remote
from pipelines.errors import BadInput, Infrastructure
from pipelines.fetched import Copies
from pipelines.remote import Broken, Changed, Found
from stages.params import Fetch
from tests.pipelines.servers import Server

DATA = random.Random(5).randbytes(20_000_000)
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def server():
    with Server() as one:
        one.files.content["/bucket/a/x.warc.gz"] = DATA
        yield one


def s3(server, **more):
    options = {"attempts": 3, "wait_seconds": 0, "timeout_seconds": 5, "s3_region": "us-east-1", "s3_anonymous": True}
    return Fetch(**options | {"s3_endpoint": server.url} | more)


def test_an_object_is_brought_by_ranges(server, tmp_path):
    copy = Copies(tmp_path, s3(server)).bring("s3://bucket/a/x.warc.gz")
    assert (copy.path.name, copy.size, copy.sha256) == ("x.warc.gz", len(DATA), SHA)
    assert {asked for method, _, asked in server.files.asked if method == "GET"} == {
        "bytes=0-8388607",
        "bytes=8388608-16777215",
        "bytes=16777216-19999999",
    }
    assert set(server.files.signed) == {None}


def test_an_object_whose_transfer_breaks_is_gone_on_with(server, tmp_path):
    server.files.cut = 5_000_000
    with pytest.raises(Infrastructure, match=r"s3://bucket/a/x\.warc\.gz: .*; 0 bytes were read, 3 tries in a row"):
        Copies(tmp_path, s3(server)).bring("s3://bucket/a/x.warc.gz")
    server.files.cut = 8_388_608
    assert Copies(tmp_path, s3(server)).bring("s3://bucket/a/x.warc.gz").sha256 == SHA
    server.files.cut, server.files.content["/bucket/y"] = None, DATA
    server.files.statuses = [503, 500]
    assert Copies(tmp_path, s3(server)).bring("s3://bucket/y").sha256 == SHA


def test_requests_are_signed_with_the_credentials_of_the_environment(server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEYID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    found = remote.probe("s3://bucket/a/x.warc.gz", s3(server, s3_anonymous=False))
    assert found.size == len(DATA)
    assert server.files.signed[-1].startswith("AWS4-HMAC-SHA256 Credential=KEYID/")


@pytest.mark.parametrize(("status", "said"), [(404, "there is no such object"), (403, "ACCESS_DENIED")])
def test_what_s3_will_not_give_is_refused(server, status, said):
    server.files.statuses = [status] * 2
    with pytest.raises(BadInput, match=said):
        remote.probe("s3://bucket/a/x.warc.gz", s3(server))


def test_an_object_that_changes_is_noticed(server):
    how = s3(server)
    found = remote.probe("s3://bucket/a/x.warc.gz", how)
    pieces = remote.pieces("s3://bucket/a/x.warc.gz", 0, found, how)
    next(pieces)
    server.files.content["/bucket/a/x.warc.gz"] = DATA[::-1]
    with pytest.raises(Changed):
        list(pieces)
    with pytest.raises(Changed):
        next(remote.pieces("s3://bucket/a/x.warc.gz", 0, found, how))


KEYS = ["a/x.warc.gz", "a/y.warc.gz", "a/b/z.warc.gz", "a/b/c/w.warc.gz", "a/note.txt", "c/x.warc.gz"]
LISTINGS = {
    "a/*.warc.gz": ["a/x.warc.gz", "a/y.warc.gz"],
    "a/**/*.warc.gz": ["a/b/c/w.warc.gz", "a/b/z.warc.gz", "a/x.warc.gz", "a/y.warc.gz"],
    "a/*/?.warc.gz": ["a/b/z.warc.gz"],
    "*/x.warc.gz": ["a/x.warc.gz", "c/x.warc.gz"],
    "a/[xq].*": ["a/x.warc.gz"],
    "a/[!x].*": ["a/y.warc.gz"],
    "b/*": [],
    "a/x.warc.gz": ["a/x.warc.gz"],
    "missing": ["missing"],
}


@pytest.mark.parametrize("pattern", LISTINGS)
def test_patterns_are_listed_page_by_page_in_order(server, pattern):
    server.files.content = {f"/bucket/{key}": b"x" for key in KEYS}
    assert remote.listing(f"s3://bucket/{pattern}", s3(server)) == [f"s3://bucket/{k}" for k in LISTINGS[pattern]]


def test_a_listing_that_fails(server):
    server.files.statuses = [503] * 10
    with pytest.raises(Broken):
        remote.listing("s3://bucket/a/*", s3(server))


def test_size_and_tag_as_http_servers_state_them(server):
    how, url = Fetch(), f"{server.url}/bucket/a/x.warc.gz"
    assert remote.probe(url, how) == Found(len(DATA), f'"{hashlib.md5(DATA).hexdigest()}"')
    server.files.ranges = server.files.tags = False
    assert remote.probe(url, how) == Found(len(DATA), None)


def test_a_range_of_another_file_is_not_taken(server):
    how, url = Fetch(), f"{server.url}/bucket/a/x.warc.gz"
    found = remote.probe(url, how)
    for other in (Found(found.size - 1, found.tag), Found(found.size, '"other"')):
        with pytest.raises(Changed):
            list(remote.pieces(url, 10, other, how))
    with pytest.raises(Changed):
        list(remote.pieces(url, len(DATA), found, how))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://h/a/b%20c.warc.gz?x=1#y", "b c.warc.gz"),
        ("https://h/a/..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("s3://bucket/a/100%.warc", "100%.warc"),
        ("https://h", ""),
    ],
)
def test_the_name_that_an_address_ends_with(url, name):
    assert remote.basename(url) == name


def test_a_proxy_is_asked_but_not_for_this_machine(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.example:8080")
    monkeypatch.delenv("no_proxy", raising=False)
    assert remote._pool("http://h.example/", Fetch()).proxy.host == "proxy.example"
    assert remote._pool("http://127.0.0.1:1/", Fetch()).proxy is None
