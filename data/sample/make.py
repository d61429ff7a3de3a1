"""Writes the sample: the pages and synthetic rows of this folder as three WARC files and two JSONL files.

`python data/sample/make.py` reads pages/, frames/ and synthetic.yaml beside this file and writes sample-*.warc.gz,
sample-00001.warc, synthetic/*.jsonl, expected.json and the table in README.md. The bytes are the same on every machine:
no clock, no random number, and gzip and brotli streams that store their content as it is, because what a compressor
gives depends on the library that is installed.
It knows nothing of Sluicegate: the expected fates are read from the pages, never computed.
"""

import base64
import hashlib
import json
import re
import struct
import sys
import uuid
import zlib
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
SHARDS = {"00000": "sample-00000.warc.gz", "00001": "sample-00001.warc", "00002": "sample-00002.warc.gz"}
VERSIONS = {"00000": "1.1", "00001": "1.0", "00002": "1.1"}
NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "https://sluicegate.example/sample")
CRAWL_DATE = "2024-03-04T06:00:00Z"
BLOCK = 65535  # the longest stored block of deflate
TABLE = re.compile(r"(?<=<!-- table -->\n).*(?=<!-- end of table -->)", re.S)

Page = dict[str, str]


def read_page(path: Path) -> Page:
    """Head (lines `key: value`, a key may repeat) and body, parted by a line `---`."""
    head, _, body = path.read_text(encoding="utf-8").partition("---\n")
    page = {"name": f"{path.parent.name}/{path.stem}", "body": body}
    for line in head.splitlines():
        key, _, value = line.partition(": ")
        page[key] = f"{page[key]}\n{value}" if key in page else value
    return page


def read_pages(folder: Path = HERE) -> list[Page]:
    """Every page in the order of its shard, with the body of its model where it is the copy of another."""
    pages = {p["name"]: p for p in (read_page(f) for f in sorted((folder / "pages").glob("*/*.html")))}
    for page in pages.values():
        if "same-as" in page:
            page["body"] = _replaced(pages[page["same-as"]]["body"], page.get("replace", ""))
    return list(pages.values())


def _replaced(body: str, replacements: str) -> str:
    for line in replacements.splitlines():
        old, new = line.split(" => ")
        if body.count(old) != 1:
            raise ValueError(f"{old!r} must stand once in the page that is copied")
        body = body.replace(old, new)
    return body


def html(page: Page, folder: Path = HERE) -> str:
    """The page's body inside the frame of its site."""
    if "frame" not in page:
        return page["body"]
    frame = (folder / "frames" / f"{page['frame']}.html").read_text(encoding="utf-8")
    around = "<blockquote>" * int(page.get("nest", 0))
    main = around + page["body"].strip() + around.replace("<", "</")
    fields = {**page, "day": page["date"][:10], "main": main}
    return re.sub(r"\{\{(\w+)\}\}", lambda field: fields[field.group(1)], frame)


def payload(page: Page) -> bytes:
    """The content of the HTTP body before any coding."""
    if page.get("payload") == "png":
        return _png()
    if page.get("payload") == "pdf":
        return b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + page["body"].encode("ascii")
    if page.get("payload") == "noise":
        return b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(40))
    text = ("\ufeff" if "bom" in page else "") + html(page)
    if "twice" in page:  # what a server does that takes utf-8 for something else
        text = "".join(bytes([b]).decode(page["twice"], "ignore") or chr(b) for b in text.encode())
    return text.encode(page.get("charset", "utf-8"), errors="xmlcharrefreplace")


def _png() -> bytes:
    """One grey pixel."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), (b"IDAT", _zlib(b"\x00\x80")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _zlib(data: bytes) -> bytes:
    return b"\x78\x01" + _stored(data) + struct.pack(">I", zlib.adler32(data))


def _stored(data: bytes) -> bytes:
    """A deflate stream that compresses nothing (RFC 1951, section 3.2.4)."""
    pieces = [data[i : i + BLOCK] for i in range(0, len(data), BLOCK)] or [b""]
    last = len(pieces) - 1
    return b"".join(struct.pack("<BHH", i == last, len(p), len(p) ^ 0xFFFF) + p for i, p in enumerate(pieces))


def gzip_member(data: bytes) -> bytes:
    """One gzip member (RFC 1952) without time or name."""
    tail = struct.pack("<II", zlib.crc32(data), len(data))
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + _stored(data) + tail


def brotli_stream(data: bytes) -> bytes:
    """A brotli stream that compresses nothing (RFC 7932, section 9.2): window bits 16, stored meta-blocks, an end."""
    blocks = [data[i : i + BLOCK] for i in range(0, len(data), BLOCK)]
    heads = [((len(b) - 1) << 3 | 1 << 19) << (i == 0) for i, b in enumerate(blocks)]
    return b"".join(h.to_bytes(3, "little") + b for h, b in zip(heads, blocks)) + (b"\x03" if data else b"\x06")


def http_response(page: Page) -> bytes:
    """Status line, headers and body as a server sends them. `coding-says` names a coding that was not applied."""
    content, codings, name = payload(page), page.get("coding", "").split(), page.get("coding-says")
    for coding, code in (("gzip", gzip_member), ("br", brotli_stream)):
        if coding in codings:
            content, name = code(content), coding
    headers = [f"HTTP/1.1 {page.get('status', '200 OK')}"]
    headers += [f"Content-Type: {content_type(page)}"] if content_type(page) != "none" else []
    headers += [f"Content-Encoding: {name}"] if name else []
    headers += [f"Location: {page['location']}"] if "location" in page else []
    headers += page["header"].splitlines() if "header" in page else []
    if "chunked" in codings:
        return _head([*headers, "Transfer-Encoding: chunked"]) + _chunked(content)
    return _head([*headers, f"Content-Length: {len(content)}"]) + content


def content_type(page: Page) -> str:
    """The header as the server gives it; `header-charset` is what it says of the charset, `none` for nothing."""
    kind = page.get("content-type", "text/html")
    charset = page.get("header-charset", page.get("charset", "utf-8"))
    return kind if kind != "text/html" or charset == "none" else f"{kind}; charset={charset}"


def _chunked(data: bytes, size: int = 997) -> bytes:
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def _head(lines: list[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode("ascii")


def record_id(kind: str, url: str) -> str:
    """The same for the same type and URL, on every machine."""
    return f"<urn:uuid:{uuid.uuid5(NAMES, f'{kind} {url}')}>"


def record(kind: str, page: Page, block: bytes, mime: str, *extra: str) -> bytes:
    """One WARC record. `false-length` makes it state fewer bytes than it has."""
    version = f"WARC/{VERSIONS[page['name'][:5]]}"
    lines = [version, f"WARC-Type: {kind}", f"WARC-Record-ID: {record_id(kind, page['url'])}", *extra]
    lines += [f"WARC-Date: {page['date']}", f"WARC-Target-URI: {page['url']}"] if kind != "warcinfo" else []
    length = len(block) - int(page.get("false-length", 0))
    lines += [f"WARC-Block-Digest: {_sha1(block)}", f"Content-Type: {mime}", f"Content-Length: {length}"]
    return _head(lines) + block + b"\r\n\r\n"


def warcinfo(shard: str) -> bytes:
    """The record that opens a file."""
    block = f"software: data/sample/make.py\r\nformat: WARC File Format {VERSIONS[shard]}\r\n".encode()
    extra = (f"WARC-Date: {CRAWL_DATE}", f"WARC-Filename: {SHARDS[shard]}")
    return record("warcinfo", {"name": shard, "url": SHARDS[shard]}, block, "application/warc-fields", *extra)


def records(page: Page) -> list[bytes]:
    """What the archive holds of one page: its record, what goes with it, and the record again if it is repeated."""
    own = _own(page.get("type", "response"), page)
    beside = [_beside(name, page) for name in page.get("with", "").split()]
    return [own, *beside, *([own] if page.get("again") == page["name"][:5] else [])]


def archive(shard: str, pages: list[Page]) -> bytes:
    """A file with a gzip member per record, or a plain one. A page with `cut` is its last, less a third."""
    held = [page for page in pages if shard in (page["name"][:5], page.get("again"))]
    pack = gzip_member if SHARDS[shard].endswith(".gz") else bytes
    members = [pack(warcinfo(shard)), *(pack(r) for page in held for r in records(page))]
    left_out = len(members[-1]) // 3 if "cut" in held[-1] else 0
    whole = b"".join(members)
    return whole[: len(whole) - left_out]


def _own(kind: str, page: Page) -> bytes:
    http = "application/http; msgtype=response"
    if kind == "resource":
        return record(kind, page, payload(page), content_type(page))
    if kind == "revisit":
        first = {"url": page["refers-to"], "date": page["refers-to-date"]}
        version = VERSIONS[page["name"][:5]]
        profile = f"WARC-Profile: http://netpreserve.org/warc/{version}/revisit/identical-payload-digest"
        refers = {"": record_id("response", first["url"]), "-Target-URI": first["url"], "-Date": first["date"]}
        head = _head(["HTTP/1.1 200 OK", "Content-Type: text/html; charset=utf-8"])
        return record(kind, page, head, http, profile, *(f"WARC-Refers-To{k}: {v}" for k, v in refers.items()))
    return record(kind, page, http_response(page), http, f"WARC-Payload-Digest: {_sha1(payload(page))}")


def _beside(name: str, page: Page) -> bytes:
    concurrent = f"WARC-Concurrent-To: {record_id('response', page['url'])}"
    if name == "request":
        host, _, path = page["url"].split("://")[1].partition("/")
        block = _head([f"GET /{path} HTTP/1.1", f"Host: {host}", "User-Agent: sample-writer", "Accept: text/html"])
        return record("request", page, block, "application/http; msgtype=request", concurrent)
    block = b"fetchTimeMs: 120\r\noutlink: / L a/@href\r\n"
    return record("metadata", page, block, "application/warc-fields", concurrent)


def fate(page: Page) -> dict[str, Any]:
    """`keep`, or `<stage> <reason>`, or `<stage> <reason> of <url of the kept twin>`; and what else is known."""
    words = page["fate"].split()
    known: dict[str, Any] = {"stage": None, "reason": None}
    if words != ["keep"]:
        known = {"stage": words[0], "reason": words[1]}
    known |= {"related": words[3]} if len(words) == 4 else {}
    known |= {"repeated_record": 1} if "again" in page else {}
    edits = [edit.split("=") for edit in page.get("edits", "").split()]
    return known | ({"edits": {kind: int(n) for kind, n in edits}} if edits else {})


def table(pages: list[Page]) -> str:
    """The README's table: a sum, and one line per page."""
    stages = [page["fate"].split()[0] for page in pages]
    left = ", ".join(f"{stages.count(stage)} leave at {stage}" for stage in ("extract", "quality", "dedup"))
    counts = f"{len(pages)} pages: {stages.count('keep')} are kept, {left}."
    lines = [
        counts,
        "",
        "| shard | page | language, genre | expected fate | what it is here for |",
        "|---|---|---|---|---|",
    ]
    for page in pages:
        kind = ", ".join(page[k] for k in ("lang", "genre") if k in page)
        url = page["url"].removeprefix("https://").replace("<", "&lt;")
        lines.append(f"| {page['name'][:5]} | {url} | {kind} | {_told(page)} | {page.get('about', '')} |")
    return "\n".join(lines) + "\n"


def _told(page: Page) -> str:
    stage, _, rest = page["fate"].partition(" ")
    told = "keep" if stage == "keep" else f"{stage}: `{rest.split()[0]}`"
    return told + ("; its second record: extract: `repeated_record`" if "again" in page else "")


def synthetic_rows(folder: Path = HERE) -> dict[str, list[dict[str, Any]]]:
    """Source -> rows, each the source's provenance overlaid with what the row says; a key set to null is left out.

    `say` lists sentences of the source that make up the text. `fate` is for the tests and not part of the row.
    """
    sources = yaml.safe_load((folder / "synthetic.yaml").read_text(encoding="utf-8"))
    return {name: [_row(source, row) for row in source["rows"]] for name, source in sources.items()}


def _row(source: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    said = {"text": " ".join(source["sentences"][i] for i in row["say"])} if "say" in row else {}
    merged = {**source["provenance"], **row, **said}
    kept = {k: v for k, v in merged.items() if v is not None and k not in ("say", "fate")}
    return {k: v.strip() if isinstance(v, str) else v for k, v in kept.items()}


def build() -> dict[str, bytes]:
    """Every generated file: its name under data/sample -> its bytes."""
    pages = read_pages()
    files = {}
    for shard, name in SHARDS.items():
        files[name] = archive(shard, pages)
    for source, rows in synthetic_rows().items():
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        files[f"synthetic/{source}.jsonl"] = "".join(lines).encode()
    fates = {page["url"]: fate(page) for page in pages}
    files["expected.json"] = (json.dumps(fates, indent=1, ensure_ascii=False) + "\n").encode()
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    files["README.md"] = TABLE.sub(lambda _: table(pages), readme).encode()
    return files


def main() -> None:
    """Write every file."""
    for name, content in build().items():
        (HERE / name).write_bytes(content)
        sys.stdout.write(f"{name} {len(content)} bytes\n")


if __name__ == "__main__":
    main()
