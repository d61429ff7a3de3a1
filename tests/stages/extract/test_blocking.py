import numpy as np
import polars as pl
import pytest

from stages.extract.blocking import Lists, Name, blocked, entry, found, key, names


def lists(*lines, name="adult"):
    named = [(key(one), 0) for one in map(entry, lines) if one]
    keys = np.array(sorted(k for k, _ in named), np.uint64)
    return Lists(keys, np.zeros(len(keys), np.uint16), (name,))


def on(url, *lines):
    """The kind of entry by which the url is on a list of these lines, or None."""
    hit = found([url], lists(*lines))[0]
    return hit and hit[1]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("example.org", ("d", "example.org")),
        ("  *.Example.ORG ", ("d", "example.org")),
        (".example.org", ("d", "example.org")),
        ("0.0.0.0 ads.example", ("d", "ads.example")),
        ("example.org # why", ("d", "example.org")),
        ("bücher.example", ("d", "xn--bcher-kva.example")),
        ("www.example.org/a/", ("p", "example.org/a")),
        ("example.org/", ("p", "example.org")),
        ("https://www.Example.org:443/a?B=1#f", ("u", "example.org/a?b=1")),
        ("# example.org", None),
        ("", None),
        ("two words", None),
        ("||ads.example^", None),
        ("http://[::1/", None),
    ],
)
def test_entry(line, name):
    assert entry(line) == (Name(*name) if name else None)


@pytest.mark.parametrize(
    ("url", "line", "kind"),
    [
        ("https://example.org/x", "example.org", "host"),
        ("http://a.b.EXAMPLE.org:8080", "example.org", "host"),
        ("http://example.org./x", "example.org", "host"),
        ("http://xn--bcher-kva.example/", "bücher.example", "host"),
        ("http://notexample.org/", "example.org", None),
        ("http://example.org/", "www.example.org", None),
        ("http://shop.co.uk/", "co.uk", None),
        ("http://co.uk/", "co.uk", "host"),
        ("http://10.0.0.1/x", "0.0.1", None),
        ("http://10.0.0.1/x", "10.0.0.1", "host"),
        ("https://www.example.org/a/b?c=1#d", "example.org/a", "path"),
        ("https://example.org/a", "example.org/a/", "path"),
        ("https://example.org/%61", "example.org/a", "path"),
        ("https://example.org/ab", "example.org/a", None),
        ("https://m.example.org/a", "example.org/a", None),
        ("https://example.org/a?c=1", "example.org/a?c=1", "path"),
        ("https://example.org/a?c=2", "example.org/a?c=1", None),
        ("http://example.org/a?c=1", "https://example.org/a?c=1", "url"),
        ("http://example.org/a/b", "https://example.org/a", None),
        ("no url", "example.org", None),
        ("", "example.org", None),
    ],
)
def test_found(url, line, kind):
    assert on(url, line, "other.example", "other.example/a") == kind


def test_a_url_of_any_depth_has_few_names():
    deep = "http://" + "a." * 120 + "example.org/" + "b/" * 2000 + "?q=" + "c" * 10_000
    assert len(names(deep)) < 40
    assert on(deep, "example.org") == "host"


def test_an_empty_list_holds_nothing():
    assert found(["http://example.org/"], lists()) == [None]
    assert found([], lists("example.org")) == []


def records(*urls):
    return pl.DataFrame(
        {"doc_id": [str(i) for i in range(len(urls))], "url": urls}, schema_overrides={"url": pl.String}
    )


def test_block_allow_and_only():
    rows = records(
        "http://bad.example/1", "http://bad.example/ok/2", "http://good.example/", "http://new.example/", None
    )
    block, allow, only = lists("bad.example", name="b"), lists("bad.example/ok", name="a"), lists("good.example")
    assert blocked(rows, {"block": block}).rows() == [
        ("0", "blocked_url", "b", "host"),
        ("1", "blocked_url", "b", "host"),
    ]
    assert blocked(rows, {"block": block, "allow": allow}).rows() == [("0", "blocked_url", "b", "host")]
    every = blocked(rows, {"block": block, "allow": allow, "only": only})
    assert every.select("doc_id", "reason").rows() == [
        ("0", "blocked_url"),
        ("3", "unlisted_url"),
        ("4", "unlisted_url"),
    ]


def test_a_record_that_occurs_twice_has_one_row_and_one_without_doc_id_none():
    rows = pl.DataFrame({"doc_id": ["1", "1", None], "url": ["http://bad.example/"] * 3})
    assert blocked(rows, {"block": lists("bad.example")})["doc_id"].to_list() == ["1"]
