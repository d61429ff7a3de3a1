"""WARC files made by hand, byte by byte, and the real ones where they lie beside the checkout."""

import gzip
import itertools
import os
import random
from pathlib import Path
from typing import NamedTuple

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

CORPORA = Path(os.environ.get("SLUICEGATE_CORPORA", Path(__file__).resolve().parents[4] / "shared" / "corpora"))


class Warcs:
    """Builders of records and archives."""

    def record(
        self,
        body=b"<html><body><p>hello</p></body></html>",
        kind="response",
        name="<urn:uuid:1>",
        url="http://a.example/1",
        http="HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n",
        length=None,
        version="1.0",
        extra="",
    ):
        block = (http.encode() + b"\r\n" if http else b"") + body
        stated = f"Content-Type: {'application/http; msgtype=response' if http else 'text/html'}\r\n"
        names = (f"WARC-Record-ID: {name}\r\n" if name else "") + (f"WARC-Target-URI: {url}\r\n" if url else "")
        head = f"WARC/{version}\r\nWARC-Type: {kind}\r\nWARC-Date: 2024-01-02T03:04:05Z\r\n{names}{stated}{extra}"
        size = len(block) if length is None else length
        return f"{head}Content-Length: {size}\r\n\r\n".encode() + block + b"\r\n\r\n"

    def zipped(self, *records):
        """One gzip member per record."""
        return b"".join(gzip.compress(r, mtime=0) for r in records)

    def many(self, count, **changes):
        return [self.record(name=f"<urn:uuid:{i}>", url=f"http://a.example/{i}", **changes) for i in range(count)]


@pytest.fixture(scope="session")
def warcs():
    return Warcs()


@pytest.fixture
def made():
    """A page out of a number: nested elements with the tags and attributes that extraction rules look at."""
    tags = "div div div section article main p p p span ul li a a table tr td h2 blockquote pre code br b img"
    tags += " form nav aside figure footer button strong details summary q del sub dl dt dd ol header"
    names = "post entry content main-content page-content article-body story comments comment-list commentlist reply-1"
    names += " cookie sidebar teaser caption navbar hidden share social author widget meta footer text cell primary"
    names += " infinite-scroll mvp-post-add-box elementor-share-buttons Comments fulltext section-content respond x y"
    words = "time people water little number of the and, or. place again, year work. house night point; more"

    def build(seed):
        chance = random.Random(seed)
        pick, tagged, named, spoken = chance.choice, tags.split(), names.split(), words.split()

        def attributes():
            held = {pick(("class", "class", "id")): " ".join(pick(named) for _ in range(chance.randrange(1, 3)))}
            if chance.random() < 0.3:
                held[pick(("id", "class"))] = pick(named)
            if chance.random() < 0.2:
                held[pick(("style", "role", "itemprop", "aria-hidden", "data-component"))] = pick(
                    ("display:none", "hidden", "navigation", "main", "article", "articleBody", "true", "presentation")
                )
            return "".join(f' {name}="{value}"' for name, value in held.items())

        def text():
            return " ".join(pick(spoken) for _ in range(chance.choice((0, 3, 12, 40))))

        def element(depth, above=()):
            tag = pick(tagged)
            tag = "div" if tag in above else tag  # trafilatura's cleaning stops at an element within one of its kind
            inner = text() + "".join(
                element(depth - 1, (*above, tag)) + text() for _ in range(chance.randrange(5) if depth else 0)
            )
            return f"<{tag}{attributes() if chance.random() < 0.5 else ''}>{inner}</{tag}>"

        body = "".join(element(chance.randrange(1, 6)) for _ in range(chance.randrange(1, 9)))
        return f"<html><head><title>t</title></head><body>{body}</body></html>"

    return build


class RealPage(NamedTuple):
    url: str
    text: str


@pytest.fixture(scope="session")
def real_pages():
    """Thirty pages of a public set."""
    path = CORPORA / "html" / "wcxb" / "wcxb-00000.warc.gz"
    if not path.is_file():
        pytest.skip(f"no corpora at {CORPORA}; set SLUICEGATE_CORPORA")
    with path.open("rb") as stream:
        records = ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True)
        pages = [(record.headers["WARC-Target-URI"], record.reader.read()) for record in itertools.islice(records, 30)]
    return [RealPage(url, body.decode("utf-8", "replace").replace("\0", "")) for url, body in pages]


def real_archives():
    """Every archive of the real corpora; empty where they are not there."""
    folders = ("real-warcs", "html", "crawl")
    return sorted(
        p for f in folders for p in (CORPORA / f).rglob("*") if p.suffix in {".warc", ".gz", ".wat", ".wet", ".arc"}
    )


def pytest_generate_tests(metafunc):
    if "real_archive" in metafunc.fixturenames:
        files = [p for p in real_archives() if not p.name.endswith(".jsonl.gz")]
        missing = pytest.param(None, marks=pytest.mark.skip(reason=f"no corpora at {CORPORA}; set SLUICEGATE_CORPORA"))
        metafunc.parametrize("real_archive", files or [missing], ids=lambda p: p and p.name)
