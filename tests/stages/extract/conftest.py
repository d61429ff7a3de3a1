"""WARC files made by hand, byte by byte, and the real ones where they lie beside the checkout."""

import gzip
import os
from pathlib import Path

import pytest

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
