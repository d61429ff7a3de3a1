import json

import pytest

from stages.extract import html
from stages.extract.pages import Look, Signals
from stages.extract.provenance import TEXT_MAX, hidden_share, licence_name, with_headers


def said(head="", body="<p>text</p>"):
    return html.Reading(f"<html><head>{head}</head><body>{body}</body></html>").signals


def ld(value):
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


@pytest.mark.parametrize(
    ("head", "body", "licence", "by"),
    [
        ('<link rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">', "", "CC-BY-SA-4.0", "rel"),
        ("", '<a rel="nofollow LICENSE" href="//creativecommons.org/licenses/by/3.0/de/">x</a>', "CC-BY-3.0", "rel"),
        ("", '<a rel=license href="/terms">x</a>', "/terms", "rel"),
        (ld({"@graph": [{"license": "http://creativecommons.org/publicdomain/zero/1.0/"}]}), "", "CC0-1.0", "json-ld"),
        (ld({"license": {"@id": "https://example.org/l"}}), "", "https://example.org/l", "json-ld"),
        (ld({"image": {"@type": "ImageObject", "license": "https://example.org/l"}}), "", None, None),
        ('<meta name="DC.rights" content="CC BY 4.0">', "", "CC BY 4.0", "meta"),
        ("", '<a href="https://creativecommons.org/licenses/by-nc/2.0">x</a>', "CC-BY-NC-2.0", "link"),
        ("", 2 * '<a href="https://creativecommons.org/licenses/by/4.0/">x</a>', "CC-BY-4.0", "link"),
        (
            "",
            "".join(f'<a href="https://creativecommons.org/licenses/{k}/4.0/">x</a>' for k in ("by", "by-sa")),
            None,
            None,
        ),
        ("", '<a href="https://creativecommons.org/about/">x</a>', None, None),
        (ld({"name": "license"}) + '<script type="application/ld+json">{"license": </script>', "", None, None),
    ],
)
def test_licence(head, body, licence, by):
    found = said(head, body)
    assert (found.licence, found.licence_by) == (licence, by)


@pytest.mark.parametrize(
    ("head", "body", "date", "by"),
    [
        ('<meta property="article:published_time" content="2024-03-01T10:00:00+01:00">', "", "2024-03-01", "meta"),
        (ld({"datePublished": "2023-12-31"}), "", "2023-12-31", "json-ld"),
        ("", "<time datetime='2020-02-02'>long ago</time>", "2020-02-02", "time"),
        ('<meta name="date" content="yesterday">', "<time datetime='2020-02-02'>", "2020-02-02", "time"),
        ('<meta name="date" content="2024-13-01">', "", None, None),
        ('<meta name="date" content="2024-01-011">', "", None, None),
    ],
)
def test_page_date(head, body, date, by):
    found = said(head, body)
    assert (found.page_date, found.page_date_by) == (date, by)


def test_wishes_of_page_and_headers_are_one_sorted_set():
    page = said('<meta name="Robots" content="NOAI, noimageai; follow"><meta name="tdm-policy" content="/p.json">')
    assert (page.wishes, page.tdm_policy) == (("noai", "noimageai"), "/p.json")
    both = with_headers(page, {"x-robots-tag": "googlebot: noindex, noai", "tdm-reservation": "1", "tdm-policy": "/h"})
    assert (both.wishes, both.tdm_policy) == (("noai", "noimageai", "noindex", "tdm_reservation"), "/p.json")
    assert with_headers(Signals(), {"tdm-reservation": "0"}) == Signals()
    assert said('<meta name="tdm-reservation" content="1">').wishes == ("tdm_reservation",)


@pytest.mark.parametrize("name", ["robots", "googlebot"])
def test_every_robots_meta_counts_as_every_header_does(name):
    """WordPress prints an SEO plugin's meta first; noai comes in one of its own."""
    page = said(f'<meta name="robots" content="follow, index"><meta name={name} content="noai, noimageai">')
    assert page.wishes == ("noai", "noimageai")
    assert said(f"<meta name={name} content=noindex>" + 30 * f"<meta name={name} content=all>").wishes == ("noindex",)


@pytest.mark.parametrize("values", [("0", "1"), ("1", "0"), ("1", "1")])
def test_a_reservation_stated_twice_is_one(values):
    assert said("".join(f"<meta name=tdm-reservation content={v}>" for v in values)).wishes == ("tdm_reservation",)
    assert with_headers(Signals(), {"tdm-reservation": ",".join(values)}).wishes == ("tdm_reservation",)


DATE = "Friday, 25-Jun-10 15:00:00 PST"
BOTS = ", ".join(f"robot-{n}: nofollow" for n in range(30))


@pytest.mark.parametrize(
    ("directives", "wishes"),
    [
        ("index, follow, max-image-preview:none", ()),
        ("max-image-preview : none; max-snippet:-1", ()),
        ("max-video-preview: none noindex", ("noindex",)),
        ("max-image-preview:none, none", ("none",)),
        ("max-image-preview:, noai", ("noai",)),
        (f"unavailable_after: {DATE}, noai", ("noai",)),
        ("unavailable_after: none", ()),
        (f"googlebot: unavailable_after: {DATE}", ()),
        ("googlebot:max-image-preview:none,noarchive", ("noarchive",)),
        ("googlebot: noindex, otherbot : noai, nofollow", ("noai", "noindex")),
        ("otherbot:none", ("none",)),
        ("noindex noarchive\nnoai", ("noai", "noarchive", "noindex")),
        ("noindex=false, noaim", ()),
        (f"{BOTS}, noai", ("noai",)),
    ],
)
def test_a_directives_value_is_no_wish_and_whom_it_addresses_makes_no_difference(directives, wishes):
    assert said(f'<meta name="robots" content="{directives}">').wishes == wishes
    assert with_headers(Signals(), {"x-robots-tag": directives}).wishes == wishes


def test_strings_of_a_page_are_cut_and_cleaned():
    long = said(f'<link rel=canonical href="https://example.org/{"a" * 5000}">').canonical
    assert len(long) == TEXT_MAX
    assert said('<link rel=canonical href=" https://example.org/\u202e\x07a ">').canonical == "https://example.org/ a"


@pytest.mark.parametrize("block", ["[" * 100_000, "[1, null]", '"license"', '{"license": 1}', '{"license": ["x"]}'])
def test_hostile_json_ld_says_nothing(block):
    assert said(f'<script type="application/ld+json">{block} "license"</script>').licence is None
    assert said(f'<script type="application/ld+json">{block}</script>').licence is None


def test_licence_name():
    assert licence_name(" HTTP://www.creativecommons.org/licences/BY-nc-ND/2.5/ca ") == "CC-BY-NC-ND-2.5"
    assert licence_name("https://creativecommons.org/publicdomain/mark/1.0/") == "PDM-1.0"
    assert licence_name("https://creativecommons.org.evil.example/licenses/by/4.0") == (
        "https://creativecommons.org.evil.example/licenses/by/4.0"
    )
    assert licence_name(" ") is None


@pytest.mark.parametrize(("letters", "n_hidden", "share"), [(0, 0, None), (100, 25, 0.25), (10, 30, 1.0)])
def test_hidden_share(letters, n_hidden, share):
    look = Look("utf-8", 0, 0, 0, 0, "", 1, n_letters=letters, signals=Signals(hidden_chars=n_hidden))
    assert hidden_share(look) == share
