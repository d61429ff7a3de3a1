import pytest
from lxml import html as lxml_html

from stages.extract.threads import is_thread


def thread(text, url):
    return is_thread(lxml_html.document_fromstring(text), url, text.encode())


PLAIN = "<html><head><meta name=generator content='Ghost 5'></head><body class=post><p>x</p></body></html>"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://forum.example/a/1", True),
        ("https://a.example/forums/thread-12.html", True),
        ("https://a.example/viewtopic.php?t=4", True),
        ("https://a.example/t/a-title/77", True),
        ("https://a.example/questions/5/why", True),
        ("https://a.example/performance/on-boarding-passes", False),
        ("https://forumla.example/about", False),
        ("https://a.example/tips?ref=forum", False),
        ("http://[broken/threads/", False),
        ("", False),
    ],
)
def test_by_address(url, expected):
    assert thread(PLAIN, url) is expected


@pytest.mark.parametrize(
    "page",
    [
        PLAIN.replace("Ghost 5", "Discourse 3.2.0"),
        PLAIN.replace("<body", "<body id=phpbb"),
        PLAIN.replace("<html", "<html id=XF"),
        PLAIN.replace("<p>", "<div class=lemmy-site id=app><p>"),
        PLAIN.replace("<p>", "<p itemscope itemtype='https://schema.org/QAPage'>"),
        PLAIN.replace("<p>", '<script type="application/ld+json">{"@type": "DiscussionForumPosting"}</script><p>'),
    ],
)
def test_by_what_the_page_says_of_itself(page):
    assert thread(page, "https://a.example/1") is True


@pytest.mark.parametrize(
    "page",
    [
        PLAIN,
        PLAIN.replace("Ghost 5", "WordPress with Discourse"),
        PLAIN.replace("<p>", '<script type="application/ld+json">{"about": "a QAPage"}</script><p>'),
        PLAIN.replace("<p>", "<p>DiscussionForumPosting phpbb XenForo "),
    ],
)
def test_words_about_threads_make_none(page):
    assert thread(page, "https://a.example/1") is False


def test_only_the_beginning_of_an_address_is_read():
    assert thread(PLAIN, "https://a.example/" + "a/" * 100 + "forum") is True
    assert thread(PLAIN, "https://a.example/" + "a/" * 1000 + "forum") is False
