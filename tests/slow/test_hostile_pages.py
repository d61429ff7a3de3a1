"""Hostile pages and archives through inputs and extract: each ends in a decision, and its neighbours are unharmed."""

import gzip
import json
import os
import tarfile
import unicodedata
from functools import partial
from pathlib import Path

import brotli
import pytest
import zstandard

from pipelines import extract, inputs
from pipelines.errors import BadInput
from pipelines.gates.judge import judge_and_write
from pipelines.sandbox import FAULTS, Limits, Sandbox

CORPORA = Path(os.environ["SLUICEGATE_CORPORA"])
pytestmark = pytest.mark.slow

WORDS = "<p>" + "The river rose slowly that spring and nobody in the village spoke of it. " * 12 + "</p>"
GOOD = f"<html><head><title>Good</title></head><body><article>{WORDS * 3}</article></body></html>".encode()


def record(name: str, body: bytes, kind: str = "text/html", extra: str = "") -> bytes:
    block = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{extra}\r\n".encode() + body
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:{name}>\r\nWARC-Date: 2024-01-02T03:04:05Z\r\n"
        f"WARC-Target-URI: http://h.example/{name}\r\nContent-Type: application/http; msgtype=response\r\n"
    )
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(block) + block + b"\r\n\r\n"


def page(inner: bytes) -> bytes:
    return b"<html><body><article>" + WORDS.encode() * 2 + inner + b"</article></body></html>"


def zipped(data: bytes, times: int) -> bytes:
    return data if not times else gzip.compress(zipped(data, times - 1))


def chunked(data: bytes) -> bytes:
    parts = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


BOMB = bytes(300_000_000)
KEPT, TOO_LARGE = {None}, {"oversize"}
MONSTERS = {  # name -> (body, header, the reasons it may end with)
    "nested": (lambda: page(b"<div>" * 100_000 + b"x" + b"</div>" * 100_000), "", {"too_deep"}),
    "nested-inline": (lambda: page(b"<b>" * 100_000 + b"x"), "", {"too_deep"}),
    "nested-lists": (lambda: page(b"<ul><li>" * 50_000), "", {"too_deep"}),
    "nested-closed-wrong": (lambda: page(b"<a><b></a></b>" * 100_000), "", {None, "too_many_nodes", "too_deep"}),
    "two-hundred-megabytes": (lambda: b"<p>" + b"word " * 40_000_000, "", TOO_LARGE),
    "gzip-bomb": (lambda: gzip.compress(BOMB), "Content-Encoding: gzip\r\n", TOO_LARGE),
    "gzip-in-gzip": (lambda: gzip.compress(gzip.compress(BOMB)), "Content-Encoding: gzip, gzip\r\n", TOO_LARGE),
    "gzip-four-times": (lambda: zipped(BOMB, 4), "Content-Encoding: gzip, gzip, gzip, gzip\r\n", TOO_LARGE),
    "gzip-bomb-in-chunks": (
        lambda: chunked(gzip.compress(BOMB)),
        "Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n",
        TOO_LARGE,
    ),
    "nothing-in-many-members": (
        lambda: gzip.compress(gzip.compress(b"") * 400_000),
        "Content-Encoding: gzip, gzip\r\n",
        {"empty_body"},
    ),
    "nothing-in-many-frames": (
        lambda: gzip.compress(zstandard.compress(b"") * 200_000),
        "Content-Encoding: zstd, gzip\r\n",
        {"empty_body"},
    ),
    "gzip-and-garbage": (lambda: gzip.compress(GOOD) + b"\0garbage", "Content-Encoding: gzip\r\n", KEPT),
    "gzip-of-a-wrong-checksum": (lambda: gzip.compress(GOOD)[:-8] + bytes(8), "Content-Encoding: gzip\r\n", KEPT),
    "chunks-cut-off": (lambda: chunked(GOOD)[:-200], "Transfer-Encoding: chunked\r\n", KEPT),
    "brotli-bomb": (lambda: brotli.compress(BOMB, quality=1), "Content-Encoding: br\r\n", TOO_LARGE),
    "zstd-bomb": (lambda: zstandard.compress(BOMB), "Content-Encoding: zstd\r\n", TOO_LARGE),
    "many-codings": (lambda: b"x", "Content-Encoding: " + "gzip, " * 50 + "gzip\r\n", {"undecodable"}),
    "chunk-of-all-memory": (
        lambda: b"ffffffffffffff\r\nabc",
        "Transfer-Encoding: chunked\r\n",
        {None, "undecodable", "not_html", "no_main_text", "empty_body"},
    ),
    "entities": (lambda: page(b"&amp;" * 1_500_000), "", KEPT),
    "entities-unknown": (lambda: page(b"&notanentity" * 500_000), "", KEPT),
    "entities-defined": (
        lambda: (
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(12))
            + b"]>"
            + page(b"&m;")
        ),
        "",
        KEPT,
    ),
    "cells": (lambda: page(b"<table>" + (b"<tr>" + b"<td>1" * 1000) * 1000 + b"</table>"), "", {"too_many_nodes"}),
    "cells-within-bounds": (lambda: page(b"<table>" + (b"<tr>" + b"<td>1" * 300) * 1000), "", {None}),
    "spans": (lambda: page(b'<table><tr><td colspan="1000000000" rowspan="65534">x</table>'), "", KEPT),
    "attributes": (
        lambda: page(b"<p " + b" ".join(b"a%d=1" % i for i in range(300_000)) + b">x"),
        "",
        {"too_many_nodes"},
    ),
    "long-attribute": (lambda: page(b'<p title="' + b"x" * 8_000_000 + b'">x'), "", KEPT),
    "comments": (lambda: page(b"<!--x-->" * 300_000), "", {None, "too_many_nodes"}),
    "open-comment": (lambda: page(b"<!--" + b"x" * 5_000_000), "", KEPT),
    "open-tag": (lambda: page(b"<p" + b" x" * 2_000_000), "", {"too_many_nodes"}),
    "one-line": (lambda: page(b"a" * 9_000_000), "", {None, "text_too_long"}),
    "spaces": (lambda: page(b" \t\n" * 3_000_000), "", KEPT),
    "brackets": (lambda: page(b"<" * 3_000_000), "", {"too_many_nodes"}),
    "nul": (lambda: page(b"a\x00b" * 10_000), "", KEPT),
    "nul-only": (lambda: bytes(1_000_000), "", {"not_html", "no_main_text", "empty_body", "undecodable"}),
    "surrogates": (lambda: page(b"\xed\xa0\x80\xed\xb0\x80 lone" * 50), "", {None, "undecodable"}),
    "surrogates-utf16": (
        lambda: b"\xff\xfe" + page(b"").decode().encode("utf-16-le") + b"\x00\xd8" * 50 + b"x\x00" * 50,
        "",
        {None, "undecodable"},
    ),
    "surrogate-entities": (lambda: page(b"&#xD800;&#xDFFF;&#0;&#x110000;&#xFFFE;" * 200), "", KEPT),
    "bidi": (lambda: page("\u202e\u2066\u200f evil".encode() * 100), "", KEPT),
    "combining": (lambda: page(("e" + "\u0301" * 100_000).encode()), "", KEPT),
    "utf7": (lambda: page(b"+ADw-script+AD4-"), "", KEPT),
    "header-flood": (lambda: GOOD, "".join(f"X-{i}: y\r\n" for i in range(3000)), KEPT),
    "charset-unknown": (lambda: b'<meta charset="' + b"z" * 5000 + b'">' + GOOD, "", KEPT),
}


def test_every_monster_ends_in_a_decision_and_its_neighbours_in_their_documents(empty) -> None:
    records = []
    for number, (name, (body, header, _)) in enumerate(MONSTERS.items()):
        records += [record(f"good-{number}", GOOD), record(name, body(), extra=header)]
    rows = decided(empty, records)
    ended = {name: rows[name] for name in MONSTERS}
    assert {name: end for name, end in ended.items() if end[0] not in MONSTERS[name][2]} == {}
    assert {rows[f"good-{number}"] for number in range(len(MONSTERS))} == {(None, None)}
    texts = empty.table("extract/documents")
    good = texts.filter(texts["url"].str.contains("good-"))["text"].unique()
    assert good.len() == 1
    assert all(clean(text) for text in texts["text"])


def clean(text: str) -> bool:
    text.encode()  # no lone surrogate
    return not any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in text)


def decided(one, records: list[bytes]) -> dict[str, tuple[str | None, str | None]]:
    """Run the records through inputs and extract; name -> reason, detail."""
    path = one.root / "hostile.warc.gz"
    with path.open("wb") as file:
        for raw in records:
            file.write(gzip.compress(raw, 1, mtime=0))
    one.raw["input"]["warcs"] = [str(path)]
    ctx = one.context()
    inputs.resolve(ctx)
    extract.run(ctx)
    account = one.ledger("extract")["account"]
    table = one.table("extract/decisions")
    assert table.height == len(records)
    assert account["n_headers"] >= len(records)
    return {
        url.rpartition("/")[2]: (reason, detail)
        for url, reason, detail in table.select("url", "reason", "detail").rows()
    }


FAULTY = {
    "crash": "engine_crashed",
    "hang": "engine_timeout",
    "hang_in_c": "engine_timeout",
    "memory": "engine_memory",
    "sleep": "engine_timeout",
    "crash_in_company": None,
}


def test_faults_of_the_engine_cost_the_page_they_hit_and_no_other(empty, monkeypatch) -> None:
    """More pages than a batch holds, each fault twice, the same outcome in a second run from nothing."""
    names = [f"p-{n}" for n in range(100)]
    hit = dict(zip(names[3:60:5], list(FAULTY) * 2))
    records = [record(name, GOOD) for name in names]
    rows = decided(empty, records)
    ids = dict(empty.table("extract/decisions").select("url", "doc_id").rows())
    monkeypatch.setenv(FAULTS, json.dumps({ids[f"http://h.example/{n}"]: fault for n, fault in hit.items()}))
    monkeypatch.setattr(extract, "Sandbox", partial(Sandbox, Limits(cpu_seconds=2, memory_mb=1024, clock_seconds=4)))
    empty.raw["extract"]["max_depth"] -= 1  # so that the shard is made anew
    rows = decided(empty, records)
    assert {name: rows[name][0] for name in names} == {name: FAULTY.get(hit.get(name, "")) for name in names}
    assert all("replay hostile.warc.gz at " in rows[name][1] for name in hit if rows[name][0])


def hostile_pages() -> dict[str, bytes]:
    """Every file of the hostile corpora, and every input string in its test files, as a page."""
    path = CORPORA / "hostile" / "hostile-shared.tar.gz"
    pages: dict[str, bytes] = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile():
                pages |= from_file(member.name, archive.extractfile(member).read())
    return pages


def from_file(name: str, raw: bytes) -> dict[str, bytes]:
    if name.endswith(".dat"):
        parts = raw.split(b"#data\n")[1:]
        return {f"{name}-{n}": part.rpartition(b"#encoding")[0] or part for n, part in enumerate(parts)}
    if name.endswith((".test", "blns.json")):
        strings = strings_of(json.loads(raw))
        return {f"{name}-{n}": text.encode("utf-8", "surrogatepass") for n, text in enumerate(strings)}
    return {name: raw}


def strings_of(value: object) -> list[str]:
    if isinstance(value, dict) and isinstance(value.get("input"), str):
        return [value["input"]]
    if isinstance(value, dict | list):
        return [text for one in (value.values() if isinstance(value, dict) else value) for text in strings_of(one)]
    return [value] if isinstance(value, str) else []


@pytest.mark.skipif(not (CORPORA / "hostile").is_dir(), reason="SLUICEGATE_CORPORA names no folder: no hostile pages")
def test_every_page_of_the_hostile_corpora_ends_in_a_decision(empty) -> None:
    pages = hostile_pages()
    assert len(pages) > 1000
    bodies = [page(raw) if ".test-" in name or "blns" in name else raw for name, raw in pages.items()]
    rows = decided(empty, [record(f"{n}", body) for n, body in enumerate(bodies)])
    reasons = [rows[str(n)][0] for n in range(len(bodies))]
    print({reason: reasons.count(reason) for reason in sorted(set(reasons), key=str)})
    assert not {"engine_crashed", "engine_timeout", "engine_memory"} & set(reasons)
    assert all(clean(text) for text in empty.table("extract/documents")["text"])


def broken_archives() -> dict[str, bytes]:
    whole = b"".join(gzip.compress(record(f"r{n}", GOOD)) for n in range(3))
    member = gzip.compress(record("r", GOOD) * 50)
    return {
        "empty.warc": b"",
        "zeros.warc.gz": bytes(100_000),
        "text.warc": b"not an archive\n" * 1000,
        "page.warc.gz": gzip.compress(GOOD),
        "cut.warc.gz": whole[:-50],
        "half-a-member.warc.gz": member[: len(member) // 2],
        "magic-only.warc.gz": b"\x1f\x8b\x08",
        "magics.warc.gz": b"\x1f\x8b\x08" * 50_000,
        "magics.warc.zst": b"\x28\xb5\x2f\xfd" * 50_000,
        "magics.warc.lz4": b"\x04\x22\x4d\x18" * 50_000,
        "bomb.warc.gz": gzip.compress(b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 300000000\r\n\r\n" + BOMB),
        "bomb.warc.zst": zstandard.compress(b"WARC/1.0\r\n" + BOMB),
        "claims.warc": b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 99999999999999\r\n\r\n" * 1000,
        "headers.warc": b"WARC/1.0\r\n" * 200_000,
        "spare.warc.zst": b"\x5d\x2a\x4d\x18\xff\xff\xff\x7f" + bytes(1000),
        "lines.arc": b"filedesc://x 0.0.0.0 20000101000000 text/plain 5\n" * 20_000,
    }


@pytest.mark.parametrize("name", broken_archives())
def test_every_broken_archive_ends_in_decisions_or_is_refused_by_name(empty, name: str) -> None:
    path = empty.root / name
    path.write_bytes(broken_archives()[name])
    empty.raw["input"]["warcs"] = [str(path)]
    empty.raw["gates"]["extract"].update(min_rows=0, reject={}, languages={})  # much of it is damage, as it should be
    ctx = empty.context()
    try:
        inputs.resolve(ctx)
        extract.run(ctx)
    except BadInput as refused:
        assert "input.warcs: " in str(refused)
        assert name in str(refused)
        print(name, refused)
        return
    judge_and_write(ctx, "extract") if empty.table("extract/decisions")["keep"].any() else None
    account = empty.ledger("extract")["account"]
    print(name, account)
    assert account["n_headers"] > 0
