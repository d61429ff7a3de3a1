import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.urls import MAX_HOST, ascii_host, clean, form, host, is_same, page, registered_domain


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://A.Example/x?y#z", "a.example"),
        ("https://user:pw@a.example:8080/", "a.example"),
        ("<http://a.example/x>", "a.example"),
        ("http://a.example./", "a.example"),
        ("http://[2001:db8::1]:80/", "2001:db8::1"),
        ("http://[broken/", None),
        ("dns:a.example", None),
        ("//a.example/x", "a.example"),
        ("", None),
        (None, None),
        ("http://" + "a" * (MAX_HOST + 1) + "/", None),
        ("http://a b/", None),
    ],
)
def test_host_is_lower_case_and_bare(url, expected):
    assert host(url) == expected


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_host_never_raises_and_is_printable(text):
    found = host(text)
    assert found is None or (found == found.lower() and " " not in found and found.isprintable())


def test_clean_takes_off_angle_brackets_and_empties_to_null():
    assert clean("<http://a/>") == "http://a/"
    assert clean(" <> ") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", None),
        ("uk", None),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        ("a.b.unknown-top", "b.unknown-top"),
        ("me.blogspot.com", "blogspot.com"),
    ],
)
def test_registered_domain(name, expected):
    assert registered_domain(name) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://u@A.Example:80/%7EB?C=%20#d", ("a.example", "/~b", "?c= ")),
        ("http://bücher.example", ("xn--bcher-kva.example", "/", "")),
        ("http://हिन्दी.example/a", ("xn--j2bd4cyah0f.example", "/a", "")),  # vowel signs are marks, no letters
        ("http://bu\u0308cher.example", ("xn--bcher-kva.example", "/", "")),
        ("http://a_b.example/", ("a_b.example", "/", "")),
        ("http://a^b.example/", None),
        ("mailto:a@b.example", None),
        ("", None),
    ],
)
def test_form(url, expected):
    assert form(url) == expected


def test_a_page_has_one_form_with_and_without_www_and_a_slash_at_the_end():
    assert page("https://www.A.example/B/?c#d") == page("http://a.example/b?C") == ("a.example", "/b", "?c")
    assert page("https://a.example") == page("https://a.example/") == ("a.example", "", "")
    assert page("mailto:a@b.example") is None


@pytest.mark.parametrize("name", ["bücher.example", "xn--bcher-kva.example"])
def test_ascii_host(name):
    assert ascii_host(name) == "xn--bcher-kva.example"
    assert ascii_host("ü" * 100) == "ü" * 100


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        ("http://www.a.example/x/", "https://a.example/x", True),
        ("http://a.example/x", "/x", True),
        ("http://a.example/x", "/y", False),
        ("http://a.example/x?p=2", "http://a.example/x", False),
        ("http://a.example/x", "https://b.example/x", False),
        ("http://a.example/x", None, None),
        ("http://a.example/x", "http://[broken", None),
        ("no url", "also none", None),
    ],
)
def test_is_same(url, other, same):
    assert is_same(url, other) is same
