"""The public page sets that benchmarks read: pages from WARC files, joined with their truth on the WARC record id.

SLUICEGATE_CORPORA names the folder (default ../shared/corpora beside the checkout); nothing of it is copied. Knows no
extractor.
"""

import gzip
import hashlib
import json
import os
import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastwarc.warc import ArchiveIterator, WarcRecordType

from stages.extract.records import Record, Tally
from stages.extract.warc import read as archive

ROOT = Path(__file__).resolve().parents[2]
CORPORA = Path(os.environ.get("SLUICEGATE_CORPORA", ROOT.parent / "shared" / "corpora"))


@dataclass(frozen=True)
class Sample:
    """A page as a crawler got it, and what is known about its main text. `half`: 1 for tuning, 0 for reporting."""

    record_id: str
    url: str
    body: bytes
    charset: str | None
    truth: dict[str, Any]
    half: int


def read(name: str) -> list[Sample]:
    """All pages of one set ("html/wcxb", "crawl" …), in the order of its files."""
    rows = {row["record_id"]: row for row in _lines(CORPORA / name / "pages.jsonl.gz")}
    truth = {row["id"]: row for row in _lines(CORPORA / name / "truth.jsonl.gz")}
    samples = []
    for path in sorted((CORPORA / name).glob("*.warc.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=True):
                row = rows[f"<{record.record_id.strip('<>')}>"]
                body = record.reader.read()
                samples.append(_sample(row, body, record.http_charset, truth[row["id"]]))
    return samples


def archived(known: set[bytes]) -> list[Sample]:
    """HTML pages of the archives in real-warcs, without truth; each payload once, none whose digest is `known`."""
    samples = []
    for path in sorted(p for p in (CORPORA / "real-warcs").rglob("*arc*") if p.is_file()):
        with path.open("rb") as file:
            for item in archive(file, 10**8, Tally()):
                if isinstance(item, Record) and item.type == "response" and item.body.content_type == "text/html":
                    digest = hashlib.sha256(item.body.payload).digest()
                    if item.body.status == 200 and item.body.payload and digest not in known:
                        known.add(digest)
                        sample = Sample(item.doc_id, item.url or "", item.body.payload, item.body.charset, {}, 1)
                        samples.append(sample)
    return samples


def _sample(row: dict[str, Any], body: bytes, charset: str | None, truth: dict[str, Any]) -> Sample:
    half = int(hashlib.sha256(row["record_id"].encode()).hexdigest(), 16) % 2
    return Sample(row["record_id"], row["url"], body, charset, truth, half)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def metrics() -> dict[str, Any]:
    """The functions of the sets' own score.py: `word`, `shingle`, `snippet`."""
    return runpy.run_path(str(CORPORA / "score.py"), run_name="score")
