"""What real text there is to plant collapse in: windows by domain, and a table of tokens per domain.

    SLUICEGATE_CORPORA=<folder> python benchmarks/collapse/materials.py

The folder holds text/*.jsonl.gz (id, domain, text), human_vs_llm/ (label, generator, pair, text), and the files of
FILES and JOINED. A document is cut into windows of WINDOW words from its start; what is left over at its end is
dropped. Comments and tweets are shorter than a window, and laid end to end in the order of their files. Nothing is
written.
"""

import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

WINDOW = 50
CHAPTER = 40  # windows that stay together when a domain is divided: 2,000 words
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
TEXT = ("brown", "gutenberg", "movie_reviews", "wikitext2", "state_union", "inaugural")
FILES = {name: f"text/{name}.jsonl.gz" for name in TEXT} | {
    "swedish": "web_registers/swecore_train.jsonl.gz",
    "french": "web_registers/frecore_dev.jsonl.gz",
    "web": "html/wcxb/truth.jsonl.gz",  # what people marked as the text of web pages
    "articles": "neardup/minhash_articles_1000.jsonl.gz",  # news, ten of a thousand all but copies of others
}
JOINED = {
    "comments": ("civil_comments_half", "edos_train", "wikipedia_benign_mostly_5k"),
    "tweets": ("davidson",),
}
TOGETHER = 200  # comments of a document
PAIRED = {
    "essays": "toefl_essays_chatgpt.jsonl.gz",
    "stories": "fast_detect_gpt/writing_gpt-3.5-turbo.jsonl.gz",
    "news_gpt2": "fast_detect_gpt/xsum_gpt2-xl.jsonl.gz",
    "news_davinci": "fast_detect_gpt/xsum_davinci.jsonl.gz",
    "news_chatgpt": "fast_detect_gpt/xsum_gpt-3.5-turbo.jsonl.gz",
}
DIFFERENT = ("essays", "stories", "news_gpt2")  # the news of the other two are among these


@dataclass(frozen=True)
class Window:
    """WINDOW lower-case words joined by spaces, the document they are from, and their place in it from 0 on."""

    text: str
    document: str
    position: int


@dataclass(frozen=True)
class Split:
    """A domain divided by chapters, so that no two parts hold windows of one: windows in the order of a hash."""

    real: list[Window]
    pool: list[Window]  # what sources are made of
    teacher: list[Window]  # what generators are trained on
    held_out: list[Window]
    reference: list[Window]


SHARES = {"real": 0.3, "pool": 0.2, "teacher": 0.3, "held_out": 0.08, "reference": 0.12}


def root() -> Path:
    """The folder of real corpora."""
    return Path(os.environ["SLUICEGATE_CORPORA"])


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a compressed JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def windows(text: str, document: str, size: int = WINDOW) -> list[Window]:
    """A document's windows."""
    words = WORD.findall(text.lower())
    cuts = range(0, len(words) - size + 1, size)
    return [Window(" ".join(words[i : i + size]), document, n) for n, i in enumerate(cuts)]


@cache
def domain(name: str) -> tuple[Window, ...]:
    """All windows of a domain: of FILES, JOINED, <name of PAIRED>_human or _llm, paired_human or _llm.

    The last two are those of PAIRED whose people's texts differ, with documents named by prompt.
    """
    return tuple(w for document, text in _texts(name) for w in windows(text, document))


def _texts(name: str) -> Iterator[tuple[str, str]]:
    if name in FILES:
        yield from ((str(row["id"]), str(row["text"])) for row in rows(root() / FILES[name]))
    elif name in JOINED:
        for file in JOINED[name]:
            found = [str(row["text"]) for row in rows(root() / "toxicity" / f"{file}.jsonl.gz")]
            cuts = range(0, len(found), TOGETHER)
            yield from ((f"{file}-{i}", " ".join(found[i : i + TOGETHER])) for i in cuts)
    elif name.startswith("paired_"):
        label = name.removeprefix("paired_")
        yield from ((f"{kind}-{d}", text) for kind in DIFFERENT for d, text in _texts(f"{kind}_{label}"))
    else:
        kind, label = name.rsplit("_", 1)
        path = root() / "human_vs_llm" / PAIRED[kind]
        yield from ((str(r["pair"]), str(r["text"])) for r in rows(path) if r["label"] == label)


def ordered(found: list[Window], salt: object = "") -> list[Window]:
    """In the order of a hash, so that any beginning is a sample."""
    return sorted(found, key=lambda w: unit(salt, w.document, w.position))


def split(name: str, seed: int) -> Split:
    """A domain divided as SHARES say, by a hash of seed and chapter."""
    parts: dict[str, list[Window]] = {part: [] for part in SHARES}
    for w in domain(name):
        place = unit("split", seed, w.document, w.position // CHAPTER)
        for part, share in SHARES.items():
            place -= share
            if place < 0:
                parts[part].append(w)
                break
    return Split(**{part: ordered(found, seed) for part, found in parts.items()})


def unit(*parts: object) -> float:
    """A number in [0, 1) that stands for these values."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def main() -> None:
    """Print the table of tokens per domain."""
    names = [
        *FILES,
        *JOINED,
        *(f"{kind}_{label}" for kind in (*PAIRED, "paired") for label in ("human", "llm")),
    ]
    print(f"{'domain':22} {'documents':>9} {'windows':>8} {'tokens':>10} {'types':>8}")
    for name in names:
        found = domain(name)
        words = {word for w in found for word in w.text.split()}
        documents = len({w.document for w in found})
        print(f"{name:22} {documents:9,} {len(found):8,} {len(found) * WINDOW:10,} {len(words):8,}")


if __name__ == "__main__":
    main()
