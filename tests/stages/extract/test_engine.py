import unicodedata

import pytest

from stages.extract import engine
from stages.extract.pages import Extraction, Look, Page

ARTICLE = (
    "<html><head><title>On &amp; off</title></head><body><nav><a href=/>Home</a></nav><article><h1>A heading</h1>"
    + "".join(
        f"<p>Paragraph {i} says something of some length about the matter at hand, as pages do.</p>" for i in range(9)
    )
    + "</article><footer>All rights reserved</footer></body></html>"
)


def test_main_text_without_navigation():
    found = engine.main_text(ARTICLE, "http://a.example/")
    assert found.extractor == "trafilatura"
    assert "Paragraph 8 says" in found.text
    assert "Home" not in found.text
    assert found.title == "On & off"


def test_the_same_page_gives_the_same_text_however_often():
    texts = {engine.main_text(ARTICLE, "http://a.example/").text for _ in range(6)}
    assert len(texts) == 1
    assert texts != {""}


def test_what_trafilatura_leaves_is_read_by_resiliparse(monkeypatch):
    monkeypatch.setattr(engine, "_trafilatura", lambda html, url: None)
    found = engine.main_text(ARTICLE, "")
    assert found.extractor == "resiliparse"
    assert "Paragraph 8 says" in found.text


@pytest.mark.parametrize(
    "page",
    [
        "",
        "\x00",
        "<",
        "no tags at all",
        "<p>a\x00b\ud800c</p>" * 50,
        "&#0;&#xD800;&#x110000;&amp;" * 2000,
        "<?xml version='1.0' encoding='utf-8'?><html><p>x</p></html>",
        "<html/>" * 100,
        "<!--" * 5000,
        "<table><tr><td>" * 300,
        "<p>e\u0301</p>" * 40,
        "<script>" * 1000,
    ],
)
def test_hostile_pages_give_clean_text_or_none(page):
    found = engine.main_text(page, "http://[broken/")
    found.text.encode("utf-8")
    assert unicodedata.is_normalized("NFC", found.text)
    assert "\x00" not in found.text
    assert "\r" not in found.text


def test_tasks():
    page = Page("x", "http://a/", ARTICLE.encode(), "utf-8", "look", 1000, 100)
    assert isinstance(engine.answer(page), Look)
    text = engine.answer(Page("x", "http://a/", ARTICLE.encode("utf-16"), None, "text", 1000, 100))
    assert isinstance(text, Extraction)
    assert "Paragraph 8 says" in text.text
