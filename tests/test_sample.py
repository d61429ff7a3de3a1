"""The bundled sample is what it says it is: reproducible, varied, and its families and faults are as declared."""

import gzip
import importlib.util
import json
import re
import zlib
from collections import Counter
from html import unescape
from itertools import combinations
from pathlib import Path

import brotli
import pytest
import yaml

from stages.tokens import count_tokens

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
PROVENANCE = {"id", "text", "generator", "decoding", "method", "generation_depth", "licence", "reference"}
RESERVED = re.compile(r"^(ftp|https?)://([a-z0-9-]+\.)*(example|example\.(com|net|org))/")


def load_make():
    spec = importlib.util.spec_from_file_location("sample_make", SAMPLE / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKE = load_make()
PAGES = {page["name"]: page for page in MAKE.read_pages()}
FAMILIES = json.loads((SAMPLE / "families.json").read_text())
EXPECTED = json.loads((SAMPLE / "expected.json").read_text())
WARCS = sorted(SAMPLE.glob("*.warc*"))
BOUNDS = {"exact": (1, 1), "near": (0.82, 0.99), "revised": (0.2, 0.7), "template": (0, 0.3)}


def plain(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page["body"])).strip()


def grams(text, n):
    """Runs of n words; of n characters where the text sets no spaces between words."""
    words = re.findall(r"[぀-ヿ一-鿿]|[^\W぀-ヿ一-鿿]+", text.lower())
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def jaccard(a, b):
    return len(a & b) / len(a | b)


def members(path):
    """The records of a file (its gzip members, read with zlib alone), and whether the last one is whole."""
    data, out, whole = path.read_bytes(), [], True
    if path.suffix == ".warc":
        return re.split(rb"(?<=\r\n\r\n)(?=WARC/1\.0\r\n)", data), True
    while data:
        inflate = zlib.decompressobj(wbits=31)
        out.append(inflate.decompress(data))
        data, whole = inflate.unused_data, inflate.eof
    return out, whole


def parse(member):
    head, _, block = member.partition(b"\r\n\r\n")
    version, *lines = head.decode().split("\r\n")
    return version, dict(line.split(": ", 1) for line in lines), block


RECORDS = {path.name: [parse(m) for m in members(path)[0]] for path in WARCS}


def dechunked(data):
    out = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        if int(size, 16) == 0:
            return out
        out, data = out + data[: int(size, 16)], data[int(size, 16) + 2 :]


def http_body(block):
    """The content of an HTTP response, decoded without the code that wrote it."""
    head, _, body = block.partition(b"\r\n\r\n")
    body = dechunked(body) if b"Transfer-Encoding: chunked" in head else body.removesuffix(b"\r\n\r\n")
    if b"Content-Encoding: br" in head:
        return brotli.decompress(body)
    return gzip.decompress(body) if b"Content-Encoding: gzip" in head else body


@pytest.mark.parametrize("name", sorted(MAKE.build()))
def test_committed_file_equals_a_fresh_generation(name):
    assert (SAMPLE / name).read_bytes() == load_make().build()[name]


def test_nothing_else_is_generated_and_the_folder_stays_small():
    generated = {p.relative_to(SAMPLE).as_posix() for g in ("*.warc*", "synthetic/*") for p in SAMPLE.glob(g)}
    assert generated <= set(MAKE.build())
    assert sum(p.stat().st_size for p in SAMPLE.rglob("*") if p.is_file()) < 5_000_000


def test_at_least_100_pages_and_64_texts_of_the_declared_length_in_many_genres_and_languages():
    texts = [p for p in PAGES.values() if "genre" in p]
    lengths = dict(zip([p["name"] for p in texts], count_tokens([plain(p) for p in texts]).tolist()))
    assert len(PAGES) >= 100
    assert len([p for p in texts if "same-as" not in p]) >= 64
    assert {name: n for name, n in lengths.items() if not 120 <= n <= 500} == {}
    assert len({p["genre"] for p in texts}) >= 14
    languages = Counter(p["lang"] for p in texts)
    assert {code for code, n in languages.items() if n >= 3} >= {
        "en",
        "de",
        "fr",
        "es",
        "sv",
        "pl",
        "it",
        "pt",
        "nl",
        "ja",
    }
    assert languages["en"] >= 0.45 * len(texts)


def test_no_two_texts_share_a_13_gram_outside_a_declared_family():
    texts = {name: grams(plain(page), 13) for name, page in PAGES.items() if page["body"]}
    rows = MAKE.synthetic_rows()
    texts |= {f"healthy {row['id']}": grams(row["text"], 13) for row in rows["healthy"]}
    texts["collapsed"] = set().union(*(grams(row["text"], 13) for row in rows["collapsed"]))  # alike by intent
    declared = {frozenset(pair) for f in FAMILIES.values() for pair in combinations(f["pages"], 2)}
    shared = {frozenset((a, b)) for a, b in combinations(texts, 2) if texts[a] & texts[b]}
    assert shared == declared


@pytest.mark.parametrize("name", FAMILIES)
def test_family_is_of_its_declared_kind(name):
    family = FAMILIES[name]
    texts = [grams(plain(PAGES[page]), 5) for page in family["pages"]]
    if family["kind"] == "chain":
        first, middle, last = texts
        assert min(jaccard(first, middle), jaccard(middle, last)) > 0.82
        assert jaccard(first, last) < 0.78
        return
    low, high = BOUNDS[family["kind"]]
    found = [jaccard(a, b) for a, b in combinations(texts, 2)]
    assert all(low <= similarity <= high for similarity in found), found


def test_families_of_every_kind():
    kinds = Counter(family["kind"] for family in FAMILIES.values())
    assert len(FAMILIES) >= 6
    assert set(kinds) == {*BOUNDS, "chain"}


def test_who_leaves_a_family_names_a_kept_twin_of_the_same_family_that_is_earlier():
    by_url = {page["url"]: page for page in PAGES.values()}
    family_of = {p: name for name, f in FAMILIES.items() for p in f["pages"]}
    leaving = {url: fate["related"] for url, fate in EXPECTED.items() if fate["stage"] == "dedup"}
    for url, twin in leaving.items():
        assert family_of[by_url[url]["name"]] == family_of[by_url[twin]["name"]]
        assert by_url[twin]["date"] < by_url[url]["date"]
        assert EXPECTED[twin]["reason"] is None


def test_how_many_of_a_family_leave():
    left = {"exact": lambda n: n - 1, "near": lambda n: n - 1, "chain": lambda n: 1}
    for family in FAMILIES.values():
        gone = [p for p in family["pages"] if EXPECTED[PAGES[p]["url"]]["stage"] == "dedup"]
        assert len(gone) == left.get(family["kind"], lambda n: 0)(len(family["pages"])), family


def test_every_page_has_a_fate_and_every_stage_that_rejects_is_named():
    assert list(EXPECTED) == [p["url"] for p in PAGES.values()]
    assert {f["stage"] for f in EXPECTED.values()} == {None, "extract", "quality", "dedup"}
    assert all((f["stage"] is None) == (f["reason"] is None) for f in EXPECTED.values())


def test_records_have_the_versions_and_types_that_a_crawl_has():
    types = Counter(head["WARC-Type"] for records in RECORDS.values() for _, head, _ in records)
    versions = {name: {version for version, _, _ in records} for name, records in RECORDS.items()}
    assert sorted(versions.values(), key=str) == [{"WARC/1.0"}, {"WARC/1.1"}, {"WARC/1.1"}]
    assert versions["sample-00001.warc"] == {"WARC/1.0"}, "the plain file"
    assert types["warcinfo"] == len(WARCS) == 3
    assert types["response"] >= 100
    assert types["revisit"] == 1
    assert min(types["resource"], types["request"], types["metadata"]) >= 2


def test_content_length_frames_every_record_but_one_that_is_cut_and_one_that_is_wrong():
    wrong = [
        (name, head["WARC-Target-URI"])
        for name, records in RECORDS.items()
        for _, head, block in records
        if len(block) != int(head["Content-Length"]) + 4
    ]
    damaged = [url for url, fate in EXPECTED.items() if fate["reason"] == "damaged_region"]
    assert [url for _, url in wrong] == damaged
    assert [name for name, _ in wrong] == ["sample-00001.warc", "sample-00002.warc.gz"]
    assert [path.name for path in WARCS if not members(path)[1]] == ["sample-00002.warc.gz"]


def test_two_records_are_repeated_once_in_their_own_file_and_once_in_another():
    held = {}
    for name, records in RECORDS.items():
        for _, head, _ in records:
            held.setdefault((head["WARC-Record-ID"], head.get("WARC-Target-URI")), []).append(name[7:12])
    repeated = {url: files for (_, url), files in held.items() if len(files) > 1}
    assert sorted(repeated.values()) == [["00000", "00002"], ["00002", "00002"]]
    assert {url for url, fate in EXPECTED.items() if "repeated_record" in fate} == set(repeated)


def test_bodies_decode_to_the_pages_as_written():
    codings = Counter()
    for _, head, block in (r for records in RECORDS.values() for r in records):
        page = next((p for p in PAGES.values() if p["url"] == head.get("WARC-Target-URI")), None)
        if head["WARC-Type"] == "response" and not {"cut", "payload", "twice"} & page.keys():
            codings[page.get("coding")] += 1
            text = http_body(block).decode(page.get("charset", "utf-8")).removeprefix("\ufeff")
            assert unescape(text) == unescape(MAKE.html(page))
    assert codings["chunked"] >= 2
    assert codings["gzip"] >= 2
    assert codings["br"] == codings["chunked gzip"] == 1
    charsets = {
        "big5",
        "windows-1252",
        "windows-1250",
        "iso-8859-1",
        "iso-8859-2",
        "iso-8859-15",
        "utf-16-le",
        "shift_jis",
    }
    assert {p.get("charset") for p in PAGES.values()} >= charsets


def test_only_reserved_hosts_and_documentation_addresses():
    rows = [row for source in MAKE.synthetic_rows().values() for row in source]
    urls = [page["url"] for page in PAGES.values()] + [row["reference"] for row in rows]
    assert [url for url in urls if not RESERVED.match(url)] == []
    text = " ".join(plain(p) for p in PAGES.values() if p.get("payload") != "pdf")
    mails = re.findall(r"[\w.]+@([\w.]+\w)", text)
    assert mails
    assert {m for m in mails if not re.search(r"(^|\.)example\.(com|net|org)$", m)} == set()
    addresses = set(re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", text))
    assert {a for a in addresses if not a.startswith(("203.0.113.", "198.51.100.", "10."))} == set()


def test_edits_that_are_expected_count_what_the_page_holds():
    fates = [(p, EXPECTED[p["url"]]["edits"]) for p in PAGES.values() if "edits" in p]
    assert fates
    for page, edits in fates:
        public = [a for a in re.findall(r"\b\d+(?:\.\d+){3}\b", plain(page)) if not a.startswith("10.")]
        assert edits == {"email": plain(page).count("@"), "ip": len(public)}


def read_rows(source):
    return [json.loads(line) for line in (SAMPLE / f"synthetic/{source}.jsonl").read_text().splitlines()]


def test_healthy_source_carries_its_whole_provenance_and_stays_the_smaller_part():
    rows = read_rows("healthy")
    written = [row for row in rows if row["text"]]
    assert len(written) >= 25
    assert len(rows) == len(written) + 1, "one answer never came"
    assert {frozenset(row) for row in rows} == {frozenset(PROVENANCE)}
    assert {row["generation_depth"] for row in rows} == {1}
    assert all({"temperature", "top_p"} == set(row["decoding"]) for row in rows)
    assert {row["id"]: n for row in written if not 60 <= (n := len(row["text"].split())) <= 200} == {}
    assert {row["reference"] for row in rows} <= {u for u, fate in EXPECTED.items() if fate["stage"] is None}
    kept = [plain(p) for p in PAGES.values() if EXPECTED[p["url"]]["stage"] is None]
    assert count_tokens([row["text"] for row in rows]).sum() < 0.25 * count_tokens(kept).sum()


def test_collapsed_source_breaks_provenance_rules_and_repeats_itself():
    rows = read_rows("collapsed")
    missing = [k for row in rows for k in ("generator", "generation_depth") if not row.get(k)]
    assert {"generator", "generation_depth"} == set(missing)
    assert {row.get("generation_depth") for row in rows} == {4, 0, None}, "0 is the depth of a text that people wrote"
    sentences = [sentence for row in rows for sentence in re.split(r"(?<=\.) ", row["text"])]
    assert len(set(sentences)) < 0.2 * len(sentences)
    assert len({row["id"] for row in rows}) == len(rows) - 1, "one row is written twice"


def test_params_name_both_sources_and_keep_the_collapsed_one_off():
    raw = yaml.safe_load((SAMPLE.parents[1] / "params.yaml").read_text())["mix"]["synthetic"]
    assert {name: spec.get("enabled", True) for name, spec in raw.items()} == {"healthy": True, "collapsed": False}
