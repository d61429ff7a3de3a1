import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.urls import MAX_HOST, clean, host


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
