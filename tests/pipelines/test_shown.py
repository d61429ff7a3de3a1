"""The lines of explain."""

import pytest

from pipelines import shown

DECISION = {"keep": False, "reason": "r_below", "value": 0.25, "bound": 0.5, "also": [], "detail": None}


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"value": 38, "min": 50, "max": 100000}, "n 38  [50, 100000]  <- outside"),
        ({"value": 50, "min": 50, "max": None}, "n 50  [50, –]"),
        ({"value": 0.31, "min": None, "max": 0.3}, "n 0.31  [–, 0.3]  <- outside"),
        ({"value": None, "min": 3, "max": None}, "n –  [3, –]"),
        ({"value": 7, "min": None, "max": None}, "n 7"),
        ({"value": "ja", "allowed": ["en", "de"]}, "n ja  of en, de  <- outside"),
        ({"value": 200, "allowed": [200, 203]}, "n 200  of 200, 203"),
    ],
)
def test_a_measure_beside_its_bound(found, line) -> None:
    assert shown.measure({"name": "n", "min": None, "max": None, "allowed": None} | found) == line


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"keep": True}, "kept"),
        ({}, "REJECTED r_below: 0.25 against 0.5"),
        ({"value": 404.0, "bound": None}, "REJECTED r_below: 404"),
        ({"also": ["a", "b"], "detail": "why\x1b"}, "REJECTED r_below: 0.25 against 0.5 (why�); also a, b"),
    ],
)
def test_a_verdict(change, line) -> None:
    assert shown.verdict(DECISION | change) == line
