import codecs
import unicodedata

import lxml.etree
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.extract import engine, html, passes
from stages.extract.pages import Extraction, Look, Page

ARTICLE = (
    "<html><head><title>On &amp; off</title></head><body><nav><a href=/>Home</a></nav><article><h1>A heading</h1>"
    + "".join(
        f"<p>Paragraph {i} says something of some length about the matter at hand, as pages do.</p>" for i in range(9)
    )
    + "</article><footer>All rights reserved</footer></body></html>"
)


def main_text(text, url):
    return engine.main_text(html.Reading(text), url)


def test_main_text_without_navigation():
    found = main_text(ARTICLE, "http://a.example/")
    assert found.extractor == "trafilatura"
    assert "Paragraph 8 says" in found.text
    assert "Home" not in found.text
    assert found.title == "On & off"


def test_the_same_page_gives_the_same_text_however_often():
    long = ARTICLE.replace(
        "as pages do.", "as pages do, and then goes on for a while."
    )  # short ones are never compared
    texts = {main_text(long, "http://a.example/").text for _ in range(6)}
    assert len(texts) == 1
    assert texts != {""}


SENTENCE = "Sentence {} of some length says something about the matter at hand, as pages do, and then it ends."
PARAGRAPHS = [SENTENCE.format(i) for i in range(12)]


def page(body, head=""):
    return f"<html><head><title>t</title>{head}</head><body>{body}</body></html>"


def test_what_trafilatura_leaves_is_read_by_resiliparse(monkeypatch):
    monkeypatch.setattr(engine, "_trafilatura", lambda page, url: ("", "trafilatura"))
    found = main_text(ARTICLE, "")
    assert found.extractor == "resiliparse"
    assert "Paragraph 8 says" in found.text


@pytest.mark.parametrize(("share", "extractor"), [(0.2, "resiliparse"), (0.3, "trafilatura")])
def test_a_text_below_a_quarter_of_the_second_opinion_gives_way_to_it(monkeypatch, share, extractor):
    whole = html.Reading(ARTICLE).second_opinion
    short = whole[: int(share * len(whole))]
    monkeypatch.setattr(engine, "_trafilatura", lambda page, url: (short, "trafilatura"))
    found = main_text(ARTICLE, "")
    assert (found.extractor, found.text == whole) == (extractor, extractor == "resiliparse")


@pytest.mark.parametrize(("share", "extractor"), [(0.35, "resiliparse"), (0.45, "trafilatura-thread")])
def test_on_a_thread_it_gives_way_below_two_fifths(monkeypatch, share, extractor):
    short = html.Reading(ARTICLE).second_opinion
    short = short[: int(share * len(short))]
    monkeypatch.setattr(engine, "_trafilatura", lambda page, url: (short, "trafilatura-thread"))
    assert main_text(ARTICLE, "").extractor == extractor


def test_a_long_text_gives_way_to_no_second_opinion(monkeypatch):
    long = "A text of an article. " * 50
    monkeypatch.setattr(engine, "_trafilatura", lambda page, url: (long, "trafilatura"))
    assert main_text(page(f"<div>{'<p>A comment on the article.</p>' * 900}</div>"), "").extractor == "trafilatura"


def test_what_both_engines_leave_is_the_text_of_the_page(monkeypatch):
    monkeypatch.setattr(engine, "_trafilatura", lambda page, url: ("", "trafilatura"))
    found = main_text("<body><nav>All there is</nav><img alt=a><input value=b></body>", "")
    assert (found.extractor, found.text) == ("page", "All there is")


def test_an_engine_that_stumbles_finds_nothing(monkeypatch):
    def stumbles(*_):
        raise TypeError("a page")

    monkeypatch.setattr(passes, "handle_textelem", stumbles)
    assert main_text(ARTICLE, "").extractor == "resiliparse"


def test_costly_steps_are_taken_in_doubt_alone(monkeypatch):
    taken = []
    for step in ("_or_readability", "baseline"):
        own = getattr(engine, step)
        monkeypatch.setattr(engine, step, lambda *a, own=own, step=step: taken.append(step) or own(*a))
    main_text(ARTICLE, "")
    assert taken == []
    main_text(page(f"<div>{PARAGRAPHS[0]}<br>{PARAGRAPHS[1]}</div><p>a</p>"), "")
    assert taken == ["_or_readability", "baseline"]


def test_where_the_engines_rules_find_nothing_the_second_opinion_is_taken(monkeypatch):
    monkeypatch.setattr(passes, "content", lambda tree, *_: (lxml.etree.Element("body"), ""))
    monkeypatch.setattr(engine, "_or_readability", lambda *_: pytest.fail("guessed"))
    found = main_text(ARTICLE, "")
    assert (found.extractor, found.text) == ("resiliparse", html.Reading(ARTICLE).second_opinion)


def test_posts_of_a_thread_are_content_and_comments_of_an_article_are_not():
    posts = "".join(f"<div class='comment-body'><p>{text}</p></div>" for text in PARAGRAPHS)
    body = f"<article><h1>A question</h1><p>{SENTENCE.format('first')}</p></article><div id='comments'>{posts}</div>"
    thread = main_text(page(body), "https://forum.example/threads/1")
    assert thread.extractor == "trafilatura-thread"
    assert "Sentence 11 of some length" in thread.text
    told = "".join(f"<p>{text} It is told at length, in order to be the longer part.</p>" for text in PARAGRAPHS * 2)
    whole = f"<article><h1>A report</h1>{told}<div id='comments'>{posts}</div></article>"
    article = main_text(page(whole), "https://news.example/1")
    assert article.extractor == "trafilatura"
    assert article.text.count("Sentence 11 of some length") == 2


@pytest.mark.parametrize("name", ["infinite-scroll", "infinitescroll", "mvp-post-add-box", "elementor-share-buttons"])
def test_articles_appended_by_scripts_are_left_out(name):
    told = "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
    found = main_text(page(f"<div class='post'>{told}<div class='{name}'><p>An appended one.</p></div></div>"), "")
    assert "Sentence 11" in found.text
    assert "appended" not in found.text


def test_structure_survives_as_text_that_reads_well():
    told = "".join(f"<p>{text}</p>" for text in PARAGRAPHS[:6])
    table = "<table><tr><th>Town</th><th>Height</th></tr><tr><td>Aalen</td><td>429 m</td></tr></table>"
    lists = "<ul><li>First thing to take</li><li>Second thing to take</li></ul>"
    code = "<pre><code>def f(x):\n    return x + 1</code></pre>"
    found = main_text(page(f"<article><h2>On towns</h2>{told}{lists}{table}{code}{told}</article>"), "")
    lines = found.text.split("\n")
    assert found.extractor == "trafilatura"
    assert lines[:2] == ["On towns", PARAGRAPHS[0]]
    assert [line for line in lines if "thing to take" in line] == ["- First thing to take", "- Second thing to take"]
    assert any("Aalen" in line and "429 m" in line for line in lines)
    assert "def f(x):\n    return x + 1" in found.text


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
    found = main_text(page, "http://[broken/")
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


def test_the_text_is_the_same_whether_the_look_came_before_or_not(monkeypatch):
    body = (ARTICLE + "\x00" * 3).encode()
    alone = engine.answer(Page("y", "http://a/", body, "utf-8", "text", 1000, 100))
    engine.answer(Page("y", "http://a/", body, "utf-8", "look", 1000, 100))
    monkeypatch.setattr(engine, "text_in", lambda *_: pytest.fail("decoded again"))
    assert engine.answer(Page("y", "http://a/", body, "utf-8", "text", 1000, 100)) == alone


LABELS = [None, "utf-8", "iso-8859-1", "big5", "gbk", "shift_jis", "iso-2022-jp", "koi8-r", "utf-16", "no-such"]
WORDS = ["it’s over", "naïve café", "Привет, мир", "これは日本語です。", "春天来了，公园里的花"]
WRITTEN = ["utf-8", "cp1252", "cp1251", "cp932", "gb18030", "utf-16-le"]
MARKS = [b"", b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE]


@given(*(st.sampled_from(choices) for choices in (LABELS, LABELS, WORDS, WRITTEN, MARKS)), st.binary(max_size=3))
@example("big5", "iso-8859-1", "it’s over", "utf-8", b"", b"")
@settings(max_examples=150, deadline=None)
def test_a_text_asked_of_a_fresh_child_is_that_of_the_one_that_looked(http, meta, words, written, mark, end):
    told = f"<p>{words} {SENTENCE}</p>" * 3
    head = f'<head><meta charset="{meta}"></head>' if meta else ""
    body = mark + f"<html>{head}<body><article>{told}</article></body></html>".encode(written, "ignore") + end
    look = engine.answer(Page("looked at", "http://a/", body, http, "look", 1000, 100))
    same, fresh = (
        engine.answer(Page(name, "http://a/", body, look.encoding, "text", 1000, 100)) for name in ("looked at", "new")
    )
    assert fresh == same


@pytest.mark.parametrize(
    ("n_own", "n_second", "agree"),
    [(76, 100, True), (75, 100, False), (130, 100, True), (134, 100, False), (5, 0, False)],
)
def test_engines_agree_that_found_about_as_much(n_own, n_second, agree):
    assert engine._agree(n_own, n_second) is agree


def test_a_second_try_is_made_where_a_short_text_is_all_that_one_engine_found(monkeypatch):
    tried = []
    own = passes.content
    monkeypatch.setattr(passes, "content", lambda tree, *focus: tried.append(focus) or own(tree, *focus))
    links = "".join(f"<li><a href=/{i}>An entry of the menu, number {i}</a></li>" for i in range(300))
    short = f"<ul>{links}</ul><article><p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p><p>{PARAGRAPHS[2]}</p></article>"
    monkeypatch.setattr(engine, "_agree", lambda *_: True)
    main_text(page(short), "")
    assert tried == [()]
    monkeypatch.setattr(engine, "_agree", lambda *_: False)
    main_text(page(short), "")
    assert tried == [(), (), (passes.RECALL,)]


def test_the_second_opinion_is_asked_only_where_it_can_matter(monkeypatch):
    told = page("<article>" + "".join(f"<p>{text}</p>" for text in PARAGRAPHS) + "</article>")
    monkeypatch.setattr(html.Reading, "second_opinion", property(lambda _: pytest.fail("asked")))
    assert main_text(told, "").extractor == "trafilatura"


def test_data_of_schema_org_are_read_though_scripts_are_gone():
    answer = f'{{"@type": "HowTo", "step": [{{"text": "{PARAGRAPHS[0]}"}}, {{"text": "{PARAGRAPHS[1]}"}}]}}'
    script = f'<script type="application/ld+json">{answer}</script>'
    found = main_text(page("<p>Short.</p><script>var x = 'code';</script>", script), "")
    assert PARAGRAPHS[1] in found.text
    assert "code" not in found.text


def body_of(*paragraphs):
    body = lxml.etree.Element("body")
    for text in paragraphs:
        lxml.etree.SubElement(body, "p").text = text
    return body, " ".join(paragraphs)


@pytest.mark.parametrize(("n_again", "extractor"), [(7, "trafilatura"), (4, "resiliparse"), (8, "resiliparse")])
def test_where_nothing_is_found_the_second_try_is_taken_if_it_lacks_little(monkeypatch, n_again, extractor):
    again = body_of(*(SENTENCE.format(i) for i in range(n_again)))
    monkeypatch.setattr(passes, "content", lambda tree, *focus: again if focus == (passes.RECALL,) else body_of())
    found = main_text(ARTICLE, "")
    assert len(html.Reading(ARTICLE).second_opinion) in range(730, 790)
    assert found.extractor == extractor


@pytest.mark.parametrize(("found", "extractor"), [("x" * 200, "resiliparse"), ("x" * 251, "trafilatura")])
def test_a_short_part_of_the_second_opinion_gives_way_to_it(monkeypatch, found, extractor):
    monkeypatch.setattr(passes, "content", lambda tree, *_: body_of(found))
    monkeypatch.setattr(engine, "_or_readability", lambda found, *_: found)
    monkeypatch.setattr(engine, "baseline", lambda _: pytest.fail("guessed"))
    told = page("<main>" + "".join(f"<p>{text}</p>" for text in PARAGRAPHS[:9]) + "</main>")
    assert main_text(told, "").extractor == extractor


@pytest.mark.parametrize(
    ("n_own", "n_again", "n_second", "is_taken"),
    [
        (1000, 1251, 600, True),
        (1000, 1250, 600, False),
        (400, 651, 400, True),
        (400, 650, 400, False),
        (1000, 1501, 600, False),
        (1000, 1501, 249, True),
    ],
)
def test_a_second_try_is_taken_if_it_gives_more_but_not_too_much(monkeypatch, n_own, n_again, n_second, is_taken):
    own, again = body_of("x" * n_own), body_of("x" * n_again)
    monkeypatch.setattr(passes, "content", lambda *_: again)
    monkeypatch.setattr(engine, "_or_readability", lambda found, *_: found)
    assert engine._again(own, None, n_second) == (again if is_taken else own)


@pytest.mark.parametrize(("n_own", "is_taken"), [(700, True), (600, False)])
def test_instead_of_a_frame_readability_is_taken_if_it_is_shorter(monkeypatch, n_own, is_taken):
    other = lxml.etree.fromstring(f"<body><p>{'y' * 650}</p></body>")
    monkeypatch.setattr(engine, "try_readability", lambda _: other)
    monkeypatch.setattr(engine, "sanitize_tree", lambda tree, _: (tree, "taken"))
    own = (lxml.etree.fromstring(f"<body><list>{'x' * n_own}</list></body>"), "x" * n_own)
    assert (engine._or_readability(own, None, 2.0)[1] == "taken") is is_taken
