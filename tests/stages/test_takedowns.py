import polars as pl
import pytest

from stages.takedowns import ids, taken
from stages.urls import host

ID = "0123456789abcdef" * 2
URLS = {
    "home": "https://example.org/",
    "page": "https://example.org/Caf%C3%A9/Page?b=1",
    "slash": "http://www.example.org/a/",
    "below": "http://sub.example.org:8080/a",
    "alike": "https://notexample.org/a",
    "idn": "https://xn--mnchen-3ya.example/",
    "unicode": "https://münchen.example/a",
    "odd": "urn:a:b",
    ID: None,
}
ROWS = pl.DataFrame(
    [(name, url, host(url)) for name, url in URLS.items()], schema=["doc_id", "url", "host"], orient="row"
)


def gone(*takedowns):
    return ROWS.filter(taken(ROWS, takedowns))["doc_id"].to_list()


@pytest.mark.parametrize(
    "entry",
    [
        "example.org",
        "Example.ORG",
        " example.org\n",
        "*.example.org",
        ".example.org",
        "example.org/",
        "example.org:443",
    ],
)
def test_a_host_covers_itself_and_all_below_it(entry):
    assert gone(entry) == ["home", "page", "slash", "below"]


@pytest.mark.parametrize(
    "entry", ["münchen.example", "MÜNCHEN.example", "xn--mnchen-3ya.example", "m\u0075\u0308nchen.example"]
)
def test_a_host_is_one_in_unicode_and_in_punycode(entry):
    assert gone(entry) == ["idn", "unicode"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("https://example.org/Caf%C3%A9/Page?b=1", ["page"]),
        ("HTTP://u@Example.org:80/café/page/?b=1#top", ["page"]),
        ("<https://www.example.org/caf%c3%a9/Page?b=1>", ["page"]),
        ("example.org/café/page?b=1", ["page"]),
        ("//example.org/café/page?b=1", ["page"]),
        ("https://example.org/café/page", []),
        ("https://example.org/café/page?b=2", []),
        ("https://example.org/café", []),
        ("https://example.org", ["home"]),
        ("https://example.org/a", ["slash"]),
        ("example.org/a", ["slash"]),
        ("https://sub.example.org/a", ["below"]),
        ("https://münchen.example", ["idn"]),
        ("urn:a:b", ["odd"]),
    ],
)
def test_a_url_covers_that_page_alone(entry, expected):
    assert gone(entry) == expected


@pytest.mark.parametrize("entry", [ID, ID.upper(), f" {ID} "])
def test_a_doc_id_is_found_without_url(entry):
    assert gone(entry) == [ID]
    assert ID in ids([entry])


@pytest.mark.parametrize(
    "entry", ["", " ", "/", ".", "*", "https://", "jane@example.org", "mailto:jane@example.org", "a:b"]
)
def test_what_names_nothing_takes_nothing_down(entry):
    assert gone(entry) == []


def test_each_row_is_told_and_entries_add_up():
    assert taken(ROWS, []).to_list() == [False] * len(URLS)
    assert taken(ROWS.head(0), ["example.org"]).to_list() == []
    assert gone("home", "https://example.org/a/", "xn--mnchen-3ya.example") == ["home", "slash", "idn", "unicode"]


def as_it_was(rows, takedowns):
    """The rule of old: strings as they stand."""
    exact = pl.any_horizontal(pl.col(name).is_in(takedowns) for name in ("doc_id", "url", "host"))
    below = [pl.col("host").str.ends_with("." + name) for name in takedowns if "/" not in name]
    return rows.filter(pl.any_horizontal(exact, *below).fill_null(False))["doc_id"].to_list()


@pytest.mark.parametrize(
    "entry", ["org", "example", "ample.org", *URLS, *filter(None, [*URLS.values(), *ROWS["host"]])]
)
def test_what_is_equal_as_it_stands_is_taken_down(entry):
    assert set(as_it_was(ROWS, [entry])) <= set(gone(entry))
