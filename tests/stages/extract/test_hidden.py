import time

import pytest

from stages.extract import html


def found(body, attributes=""):
    said = html.Reading(f"<html><body {attributes}>{body}</body></html>").signals
    return said.hidden_chars, said.hidden_by


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<p hidden>a b</p>", "attribute"),
        ("<p aria-hidden=true>a b</p>", "aria"),
        ("<p style='color:red; Display : NONE'>a b</p>", "display"),
        ("<p style='visibility:hidden'>a b</p>", "display"),
        ("<p style='opacity: 0.00;x'>a b</p>", "display"),
        ("<p style='opacity:.0!important'>a b</p>", "display"),
        ("<p style='font-size:0px'>a b</p>", "size"),
        ("<p style='font-size:00.00em'>a b</p>", "size"),
        ("<p style='position:absolute;clip: rect(1px, 1px, 1px, 1px)'>a b</p>", "size"),
        ("<p style='position:absolute;left:-9999px'>a b</p>", "place"),
        ("<p style='text-indent: -5000px'>a b</p>", "place"),
        ("<p style='color:#fff;background:white'>a b</p>", "colour"),
        ("<div style='background-color: rgb(0, 0, 0)'><p><span style='color:#000'>a b</span></div>", "colour"),
        ("<table bgcolor=#FFFFFF><tr><td><font color=white>a b</font></table>", "colour"),
    ],
)
def test_ways_of_hiding(body, kind):
    assert found(f"<p>shown</p>{body}") == (2, (kind,))


@pytest.mark.parametrize(
    "body",
    [
        "<p style='display:block'>a</p>",
        "<p style='border:none'>a</p>",
        "<p style='opacity:0.5'>a</p>",
        "<p style='font-size:0.9em'>a</p>",
        "<p style='opacity:.'>a</p>",
        "<p style='opacity:0.'>a</p>",
        "<p style='font-size:.0.0px'>a</p>",
        "<p style='margin-left:-10px'>a</p>",
        "<p hidden=until-found>a</p>",
        "<p aria-hidden=false>a</p>",
        "<p style='color:#fff'>a</p>",
        "<div style='background:#fff'><div style='background:#000'><p style='color:#fff'>a</p></div></div>",
        "<div style='background:#fff'><div style='background:url(x.png)'><p style='color:#fff'>a</p></div></div>",
        "<font color=nonsense>a</font>",
        "<input type=hidden value=abc>",
        "<script style='display:none'>a()</script>",
    ],
)
def test_what_is_seen(body):
    assert found(f"<p>shown</p>{body}") == (0, ())


def test_an_element_inside_a_hidden_one_counts_once_and_its_scripts_not():
    inner = "<p hidden>bc</p><script>var x = 1</script><style>p {}</style>" + "d" * 100
    assert found(f"<div style='display:none'>a{inner}</div><p hidden>e</p>") == (104, ("attribute", "display"))


def test_the_background_may_be_the_bodys():
    assert found("<p style='color:#FFF'>ab</p>", "bgcolor=white") == (2, ("colour",))


def test_a_hidden_element_without_text_is_no_way_of_hiding():
    assert found("<div style='display:none'><img src=x></div>") == (0, ())


DEEP = "<div style='background:#fff'>{}<p style='color:#fff'>ab</p>"


def test_a_background_is_looked_for_among_twenty_elements():
    assert found(DEEP.format("<div>" * 18)) == (2, ("colour",))
    assert found(DEEP.format("<div>" * 19)) == (0, ())


STYLED = '<p style="color:#{:06x};{}x">a</p>'
HOSTILE = {
    "opacity": lambda: "".join(STYLED.format(i, "opacity:" + "0" * 1900) for i in range(400)),
    "font-size": lambda: "".join(STYLED.format(i, "font-size:" + "0" * 1900) for i in range(400)),
    "long-ground": lambda: (
        f"<div bgcolor='{' ' * 8_000_000}'><p style='background:#fff'>b</p>" + "<font color=white>x</font>" * 5_000
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_linear_in_a_hostile_page(name):
    """Quadratic work on these takes twenty seconds; the bound is far from both."""
    body = HOSTILE[name]()
    start = time.process_time()
    found(body)
    assert time.process_time() - start < 5
