"""How often a page of known encoding is decoded exactly, beside resiliparse's and charset_normalizer's reading.

`python benchmarks/extract/encodings.py [PAGES [SKIP]]`: pages of UTF-8 (the public sets, pages made of sentences in 75
languages, and the sample) are written in every encoding that holds them and that their script is written in, under
four declarations: right (in the page), missing, `utf-8` by HTTP, `iso-8859-1` by HTTP. At most PAGES (60) per
encoding, by hash, after the first SKIP (0). A page counts as decoded exactly where its text is the same, whatever the
encoding is called.
"""

import codecs
import gzip
import hashlib
import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from charset_normalizer import from_bytes  # noqa: E402
from resiliparse.parse.encoding import bytes_to_str, detect_encoding  # noqa: E402

from benchmarks.extract import corpora  # noqa: E402
from stages.extract.encodings import decode  # noqa: E402

SETS = ("html/wcxb", "html/daniel-sample", "html/trafilatura-eval", "crawl")
# Encodings, and the scripts that somebody writes in them (a share of what is not ASCII).
LATIN, CYRILLIC, GREEK = "[\u00a0-\u024f\u1e00-\u1eff\u2000-\u20cf\u2122]", "[\u0400-\u04ff]", "[\u0370-\u03ff]"
HAN = "[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
ENCODINGS = {
    "utf-8": ".",
    "utf-16-le": ".",
    "utf-16-be": ".",
    **dict.fromkeys(("cp1250", "iso8859-2"), LATIN),
    **dict.fromkeys(("cp1252", "iso8859-15", "cp1254", "cp1257", "cp1258"), LATIN),
    **dict.fromkeys(("cp1251", "koi8-r", "koi8-u", "iso8859-5"), CYRILLIC),
    **dict.fromkeys(("cp1253", "iso8859-7"), GREEK),
    **dict.fromkeys(("cp1255",), "[\u0590-\u05ff]"),
    **dict.fromkeys(("cp1256",), "[\u0600-\u06ff]"),
    **dict.fromkeys(("cp874",), "[\u0e00-\u0e7f]"),
    **dict.fromkeys(("gb18030", "big5"), HAN),
    **dict.fromkeys(("cp932", "euc_jp", "iso2022_jp"), "[\u3040-\u30ff]"),
    **dict.fromkeys(("cp949",), "[\uac00-\ud7af]"),
}
LABELS = {"cp932": "shift_jis", "cp949": "euc-kr", "cp874": "windows-874", "iso2022_jp": "iso-2022-jp"}
MIN_OTHER = 10  # characters beyond ASCII that a page must hold
_CHARSET = re.compile(r"(<meta[^>]{0,200}?charset\s*=\s*[\"']?)[\w:.\-]+", re.IGNORECASE)
_ANY_META = re.compile(r"<meta[^>]{0,200}?charset\s*=[^>]*>|<\?xml[^>]*>", re.IGNORECASE)
Reader = Callable[[bytes, str | None], str]


def pages() -> Iterator[str]:
    """Texts of pages in UTF-8, without a declaration, each once."""
    for name in SETS:
        for sample in corpora.read(name):
            try:
                yield _ANY_META.sub("", sample.body.decode("utf-8").removeprefix("\ufeff"))
            except UnicodeDecodeError:
                continue
    for path in sorted((corpora.ROOT / "data" / "sample" / "pages").glob("*/*.html")):
        yield _ANY_META.sub("", path.read_text(encoding="utf-8").partition("---\n")[2])
    yield from _of_sentences()


def _of_sentences(per_page: int = 20) -> Iterator[str]:
    path = corpora.CORPORA / "langid" / "lingua_sentences_100_per_language.jsonl.gz"
    by_language: dict[str, list[str]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            by_language.setdefault(str(row.get("lang") or row.get("language")), []).append(str(row["text"]))
    for sentences in by_language.values():
        for start in range(0, len(sentences), per_page):
            lines = "".join(f"<p>{line}</p>\n" for line in sentences[start : start + per_page])
            yield f"<html><head><title>{sentences[start][:30]}</title></head><body>\n{lines}</body></html>"


def held(texts: list[str], encoding: str, most: int) -> list[str]:
    """At most so many pages, in their order, that the encoding holds, in a script that it is used for."""
    found = []
    for text in texts:
        other = re.findall(r"[^\x00-\x9f]", text)
        own = len(re.findall(ENCODINGS[encoding], "".join(other)))
        kana = len(re.findall("[\u3040-\u30ff]", "".join(other)))
        if ENCODINGS[encoding] == HAN and kana > 0.05 * len(other):
            continue
        if len(other) < MIN_OTHER or own < 0.3 * len(other) or "\ufffd" in text or re.search("[\x80-\x9f]", text):
            continue
        try:
            if text.encode(encoding).decode(encoding) == text:
                found.append(text)
        except UnicodeError:
            continue
        if len(found) == most:
            break
    return found


def declared(text: str, label: str) -> str:
    """The page with a meta that names an encoding at its start."""
    return f'<meta charset="{label}">' + text


def readers() -> dict[str, Reader]:
    """Name -> reading of bytes under HTTP's charset."""

    def resiliparse(body: bytes, charset: str | None) -> str:
        return str(bytes_to_str(body, charset or detect_encoding(body, from_html_meta=True)))

    def normalizer(body: bytes, _charset: str | None) -> str:
        return str(from_bytes(body[:20_000]).best())

    return {"ours": lambda body, charset: decode(body, charset).text, "resiliparse": resiliparse, "c_n": normalizer}


def rows(most: int, skip: int) -> Iterator[tuple[str, str, int, dict[str, float]]]:
    """(encoding, declaration, pages, reader -> share decoded exactly)."""
    texts = sorted(set(pages()), key=lambda text: hashlib.sha256(text.encode()).digest())
    for encoding in ENCODINGS:
        chosen = held(texts, encoding, most + skip)[skip:]
        label = LABELS.get(encoding, codecs.lookup(encoding).name)
        for how, charset in (("right", None), ("missing", None), ("utf-8", "utf-8"), ("iso-8859-1", "iso-8859-1")):
            own = [declared(text, label) if how == "right" else text for text in chosen]
            yield (
                encoding,
                how,
                len(own),
                {n: _exact(own, encoding, charset, r, n) for n, r in readers().items()},
            )


def _exact(texts: list[str], encoding: str, charset: str | None, reader: Reader, name: str) -> float:
    some = texts[:15] if name == "c_n" else texts  # 50 ms a page, and it knows no declaration
    right = 0
    for text in some if name != "c_n" or charset is None else ():
        body = text.encode(encoding)
        wanted = body[:20_000].decode(encoding, "ignore") if name == "c_n" else text
        right += reader(body, charset).replace("\r\n", "\n") == wanted.replace("\r\n", "\n")
    return right / len(some) if some and (name != "c_n" or charset is None) else float("nan")


def main() -> None:
    """Print the table."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    print("| encoding | declared | pages | ours | resiliparse 2.0 | charset_normalizer |\n|---|---|---|---|---|---|")
    for encoding, how, n, shares in rows(most, int(sys.argv[2]) if len(sys.argv) > 2 else 0):
        told = " | ".join("" if math.isnan(share) else f"{share:.2f}" for share in shares.values())
        print(f"| {encoding} | {how} | {n} | {told} |", flush=True)


if __name__ == "__main__":
    main()
