from dataclasses import replace

import pytest

from stages.extract import rules
from stages.extract.languages import Foreign
from stages.extract.pages import Look, Signals
from stages.extract.params import ExtractParams, Prefilter, Provenance
from stages.extract.records import Body, Record

PARAMS = ExtractParams(
    max_page_bytes=1000,
    max_nodes=100,
    max_depth=10,
    max_text_chars=50,
    min_text_chars=3,
    keep_status=(200,),
    prefilter=Prefilter(),
)
BODY = Body(b"<html><p>x</p></html>", "text/html", None, 200)
RECORD = Record(0, "response", "0" * 32, "http://a/", None, True, BODY)
LOOK = Look("utf-8", 0, 100, 10, 2, "some words", 2)


def reasons(**changes):
    return [fail.reason for fail in rules.of_record(replace(RECORD, body=replace(BODY, **changes)), PARAMS)]


def test_a_good_record_fails_nothing():
    assert rules.of_record(RECORD, PARAMS) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": 404}, ["http_status"]),
        ({"status": None}, ["http_status"]),
        ({"content_type": "image/png", "payload": b"\x89PNG"}, ["not_html"]),
        ({"payload": b"%PDF-1.4"}, ["not_html"]),
        ({"content_type": None}, []),
        ({"content_type": None, "payload": b"hello"}, ["not_html"]),
        ({"content_type": "application/octet-stream", "payload": b" <!DOCTYPE HTML>"}, []),
        ({"content_type": "application/unknown"}, []),
        ({"oversize": 2000, "payload": b""}, ["oversize"]),
        ({"fault": "a coding", "payload": b""}, ["undecodable"]),
        ({"payload": b" \n"}, ["empty_body"]),
        ({"status": 500, "content_type": "text/plain", "payload": b""}, ["http_status", "not_html", "empty_body"]),
    ],
)
def test_reasons_in_order(changes, expected):
    assert reasons(**changes) == expected


def test_reasons_carry_value_and_bound_and_where_the_type_was_seen():
    [size] = rules.of_record(replace(RECORD, body=replace(BODY, payload=b"", oversize=2000)), PARAMS)
    assert (size.value, size.bound) == (2000, 1000)
    [kind] = rules.of_record(replace(RECORD, body=replace(BODY, content_type="image/png\u202e<x>")), PARAMS)
    assert kind.detail == "header: image/pngx"
    [bytes_] = rules.of_record(replace(RECORD, body=replace(BODY, payload=b"GIF89a")), PARAMS)
    assert bytes_.detail == "bytes: the mark of another format"
    for media in (None, "application/octet-stream"):
        [none] = rules.of_record(replace(RECORD, body=replace(BODY, content_type=media, payload=b"words")), PARAMS)
        assert none.detail == "bytes: no sign of HTML, and no valid type that names a format"


def test_a_revisit_is_nothing_else_and_a_resource_has_no_status():
    assert [f.reason for f in rules.of_record(replace(RECORD, type="revisit"), PARAMS)] == ["revisit"]
    assert rules.of_record(replace(RECORD, is_http=False, body=replace(BODY, status=None)), PARAMS) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"n_replaced": 11}, ["undecodable"]),
        ({"n_replaced": 10}, []),
        ({"n_nodes": 101}, ["too_many_nodes"]),
        ({"n_nodes": 101, "depth": 11}, ["too_many_nodes", "too_deep"]),
    ],
)
def test_form_of_a_page(changes, expected):
    assert [f.reason for f in rules.of_look(replace(LOOK, **changes), None, PARAMS)] == expected


def test_prefilter_bounds_are_held_where_they_are_set():
    held = PARAMS.model_copy(update={"prefilter": Prefilter(min_words=3, languages=("de",))})
    words, language = rules.of_look(LOOK, Foreign("en", 0.01), held)
    assert (words.reason, words.value, words.bound) == ("prefilter_min_words", 2, 3)
    assert language == rules.Fail("prefilter_language", 0.01, 0.05, detail="en")
    assert rules.of_look(replace(LOOK, n_words=3), None, held) == []
    assert rules.of_look(replace(LOOK, n_words=None), None, held) == []
    assert rules.of_look(LOOK, None, PARAMS) == []


def test_text_too_short_and_too_long():
    assert [f.reason for f in rules.of_text("ab", PARAMS)] == ["no_main_text"]
    assert [f.reason for f in rules.of_text("a" * 51, PARAMS)] == ["text_too_long"]
    assert rules.of_text("abc", PARAMS) == []


def test_sampling_takes_its_share_and_larger_shares_hold_smaller_ones():
    ids = [f"{i:032x}" for i in range(4000)]
    tenth = {i for i in ids if rules.sampled_out(i, 0.1) is None}
    half = {i for i in ids if rules.sampled_out(i, 0.5) is None}
    assert abs(len(tenth) - 400) < 80
    assert tenth < half
    assert all(rules.sampled_out(i, 1.0) is None for i in ids)


SAID = Signals(licence="CC-BY-SA-4.0", wishes=("noai", "noindex"), page_date="2020-05-01")


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, []),
        ({"wishes": ("noai", "tdm_reservation")}, [("opted_out", None, "noai")]),
        ({"wishes": ("noarchive",)}, []),
        ({"licences": ("CC-BY",)}, []),
        ({"licences": ("CC0",)}, [("licence_not_listed", None, "CC-BY-SA-4.0")]),
        ({"max_hidden_share": 0.2}, [("hidden_text", 0.3, None)]),
        ({"max_hidden_share": 0.3}, []),
        ({"own_canonical": True}, [("other_canonical", None, "the page names another address as its own")]),
        ({"earliest": "2020-05-01", "latest": "2020-05-01"}, []),
        ({"earliest": "2020-05-02"}, [("dated_outside", None, "2020-05-01")]),
        ({"latest": "2020-04-30"}, [("dated_outside", None, "2020-05-01")]),
    ],
)
def test_what_a_page_says_rejects_it_only_where_params_ask(bounds, expected):
    found = rules.of_signals(SAID, 0.3, False, Provenance(**bounds))
    assert [(fail.reason, fail.value, fail.detail) for fail in found] == expected


def test_what_a_page_does_not_say_is_no_reason_but_a_missing_licence():
    every = Provenance(
        wishes=("noai",), licences=("CC-BY",), max_hidden_share=0, own_canonical=True, earliest="2999-01-01"
    )
    found = rules.of_signals(Signals(), None, None, every)
    assert [(fail.reason, fail.detail) for fail in found] == [("licence_not_listed", "none stated")]
    words = rules.of_signals(Signals(licence="<b>words of a page"), None, None, every)
    assert words[0].detail == "another licence"


def test_of_lists():
    assert rules.of_lists("blocked_url", "adult: host")[0].detail == "adult: host"
    assert rules.of_lists("unlisted_url", None)[0].reason == "unlisted_url"
