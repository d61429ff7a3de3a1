"""The card names who answers for a verdict that would have kept the release back."""

from types import SimpleNamespace

from pipelines.cards.readme import _waivers

WAIVER = {"source": "big", "name": "A. Person", "reason": "checked | by hand", "expires": "2999-12-31"}


def test_waivers_of_sources_and_of_the_mixture_stand_in_the_card():
    found = {"waiver": WAIVER | {"source": None}, "sources": {"big": {"waiver": WAIVER}, "other": {"waiver": None}}}
    said = "\n".join(_waivers(SimpleNamespace(collapse=found)))
    assert said.count("A. Person") == 2
    assert "the mixture" in said
    assert "2999-12-31" in said
    assert "checked | by" not in said, "what a waiver says is no markup"


def test_without_a_waiver_nothing_is_said():
    assert list(_waivers(SimpleNamespace(collapse={"waiver": None, "sources": {"a": {}}}))) == []
    assert list(_waivers(SimpleNamespace(collapse={}))) == []
