"""Planted families and benign shifts, each at several severities, and which of them no tuning may see.

    from families import BENIGN, PLANTED, benign, planted
    case = planted("sharpening", 0.8, share=0.3, name="brown", n=1200, seed=1)
    case.source, case.declared      # window texts; the domain that the source declares as its reference

`python benchmarks/collapse/families.py` (SLUICEGATE_CORPORA set) writes one source of each kind and says what it has;
`--freeze` writes frozen.json anew, which a finished benchmark must never do again.
"""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import generators as make
from materials import Split, domain, ordered, split, unit

FROZEN = Path(__file__).with_name("frozen.json")
SHARES = (0.03, 0.1, 0.3, 1.0)
DOMAINS = ("brown", "gutenberg", "movie_reviews", "wikitext2", "state_union", "comments")
PLANTED: dict[str, tuple[float, ...]] = {
    "loop": (3, 5, 10),  # generations
    "sharpening": (0.95, 0.9, 0.8, 0.6),  # temperature
    "nucleus": (0.98, 0.95, 0.9, 0.8),  # top-p
    "templates": (4000, 400, 40, 4),  # frames
    "truncation": (0.9, 0.75, 0.5, 0.2),  # share of windows kept
    "substitution": (0.25, 0.5, 1.0),  # share of rare words
    "copies": (2, 3, 10, 30),  # of each window
    "topic": (2, 5, 20, 100),  # times its natural share; 100: its core alone
    "mislabelled": (3, 10),  # generations, handed in as real text
}
BENIGN: dict[str, tuple[float, ...]] = {
    "real": (0,),  # the domain itself
    "other_domain": (0,),  # another domain, declared
    "short_documents": (0,),
    "beginnings": (0,),  # of documents
    "genre": (0,),  # one of a domain's registers, the domain declared
    "variety": (0,),  # American books, books declared
    "learners": (0,),  # essays of learners of English
    "plain": (0,),  # books for children, books declared
    "ocr": (0.01, 0.03),  # letters misread
    "good_synthetic": (1, 0),  # generation 1 at temperature 1; 0: of a teacher of all other domains beside
}
HELD_OUT_FAMILIES = ("mislabelled", "nucleus", "substitution")
HELD_OUT_BENIGN = ("variety", "ocr", "beginnings")
LATER = ("plain",)  # benign, added when the plan had been frozen: no tuning and no threshold has seen it
TUNING_SEEDS, HELD_OUT_SEEDS = (1, 2, 3, 4, 5), (101, 102, 103, 104, 105)
FRESH_SEEDS = (401, 402, 403, 404, 405)  # added when the score stood; their `plain` moved a bound since
ONE_DOMAIN = {"genre": "brown", "variety": "gutenberg", "plain": "gutenberg"}  # whatever domain they are asked for
OTHER_DOMAINS = ("swedish", "french", "tweets", "web", "articles", "inaugural")  # of which no tuning knew
ENGLISH = ("learners", "other_domain")  # what is not there in OTHER_DOMAINS
GENRES = {"news": "abc", "learned": "hj", "popular": "defg", "fiction": "klmnpr"}  # of Brown, by a sample's letter
AMERICAN = ("bryant", "burgess", "melville", "whitman")
FOR_CHILDREN = ("bryant", "burgess", "carroll", "edgeworth")


@dataclass(frozen=True)
class Case:
    """A source and what it is judged against. `mislabelled`: the source is handed in as real text."""

    family: str
    severity: float
    share: float
    domain: str
    seed: int
    source: list[str]
    declared: str
    harmful: bool
    mislabelled: bool = False

    def bed(self) -> Split:
        """The declared domain's parts: real text, held-out text and reference of the same division."""
        return split(self.declared, self.seed)


def planted(family: str, severity: float, share: float, name: str, n: int, seed: int) -> Case:
    """`share` of the source's n windows come from a planted family, the others are the domain's own.

    Less than n where the domain's pool (a fifth of it) does not reach, at the same share: truncation keeps a part of
    what it looks at.
    """
    bed = split(name, seed)
    asked = max(1, round(n * share))
    bad = _plant(family, severity, bed, asked, seed)
    used = bad if family != "substitution" else [*bad, *make.texts(bed.pool[: len(bad)])]  # no original beside its twin
    source = [*bad, *make.clean(bed, round((n - asked) * len(bad) / asked), used)]
    return Case(family, severity, share, name, seed, source, name, True, family == "mislabelled")


def _plant(family: str, severity: float, bed: Split, n: int, seed: int) -> list[str]:
    teacher, pool = make.texts(bed.teacher), make.texts(bed.pool)
    if family in ("loop", "mislabelled"):
        return make.loop(teacher, n, int(severity), seed)
    if family == "sharpening":
        return make.loop(teacher, n, 1, seed, temperature=severity)
    if family == "nucleus":
        return make.loop(teacher, n, 1, seed, top_p=severity)
    if family == "templates":
        return make.templates(pool, n, int(severity), seed)
    if family == "truncation":
        return make.truncated(pool, n, severity, seed)
    if family == "substitution":
        return make.substituted(pool, n, severity, seed)
    if family == "copies":
        return make.copies(pool, n, int(severity), seed)
    if family == "topic":
        return make.flooded(pool, n, severity, seed)
    raise ValueError(f"no planted family {family!r}; there are {', '.join(PLANTED)}")


def benign(family: str, severity: float, name: str, n: int, seed: int) -> Case:
    """A source that loses nothing: people's text, or good synthetic text. n is what it has at most."""
    source, declared = _benign(family, severity, name, n, seed)
    return Case(family, severity, 1.0, name, seed, source, declared, False)


def _benign(family: str, severity: float, name: str, n: int, seed: int) -> tuple[list[str], str]:
    bed = split(name, seed)
    if family == "real":
        return make.texts(bed.pool[:n]), name
    if family == "other_domain":
        others = [d for d in DOMAINS if d != name]
        other = others[int(unit(seed, "other", name) * len(others))]
        return make.texts(split(other, seed).pool[:n]), other
    if family == "ocr":
        return make.misread(make.texts(bed.pool), n, severity, seed), name
    if family == "good_synthetic":
        teacher = make.texts(bed.teacher)
        if severity == 0:
            teacher += [t for d in DOMAINS if d != name for t in make.texts(split(d, seed).teacher)]
        return make.loop(teacher, n, 1, seed), name
    if family == "learners":
        return make.texts(ordered(list(domain("essays_human")), seed)[:n]), name
    return _part(family, name, n, seed)


def _part(family: str, name: str, n: int, seed: int) -> tuple[list[str], str]:
    """A part of a domain that differs from the whole, which is declared; real and held-out text stays untouched."""
    name = ONE_DOMAIN.get(family, name)
    bed = split(name, seed)
    free = ordered([*bed.pool, *bed.teacher], seed)
    if family == "beginnings":
        found = [w for w in free if w.position < 2]
    elif family == "short_documents":
        sizes = Counter(w.document for w in domain(name))
        limit = sorted(sizes.values())[len(sizes) // 3]
        found = [w for w in free if sizes[w.document] <= limit]
    elif family == "genre":
        letters = GENRES[sorted(GENRES)[int(unit(seed, "genre") * len(GENRES))]]
        found = [w for w in free if w.document.removeprefix("brown-c")[0] in letters]
    elif family in ("variety", "plain"):
        authors = AMERICAN if family == "variety" else FOR_CHILDREN
        found = [w for w in free if w.document.split("-")[1] in authors]
    else:
        raise ValueError(f"no benign family {family!r}; there are {', '.join(BENIGN)}")
    return make.texts(found[:n]), name


def paired(label: str, n: int, seed: int, kind: str = "") -> Case:
    """What people ("human") or models ("llm") wrote to half of the prompts, against people's answers to the others.

    `kind`: essays, stories or news_gpt2 alone. Small: 60,000 tokens of source, 40,000 of real text.
    """
    bed = split("paired_human", seed)
    prompts = {w.document for w in (*bed.pool, *bed.teacher) if w.document.startswith(kind)}
    found = [w for w in ordered(list(domain(f"paired_{label}")), seed) if w.document in prompts]
    return Case(f"paired_{label}", 1, 1.0, kind or "paired", seed, make.texts(found[:n]), "paired_human", False)


def cases(
    seeds: tuple[int, ...], held_out: bool, domains: tuple[str, ...] = DOMAINS
) -> Iterator[tuple[str, float, float, str, int]]:
    """(family, severity, share, domain, seed) of all planted cases, then of all benign ones (share 1)."""
    for family, severities in PLANTED.items():
        if held_out or family not in HELD_OUT_FAMILIES:
            yield from product((family,), severities, SHARES, domains, seeds)
    for family, severities in BENIGN.items():
        if held_out or family not in (*HELD_OUT_BENIGN, *LATER):
            yield from product((family,), severities, (1.0,), domains, seeds)


def plan() -> dict[str, Any]:
    """What is frozen: which families and seeds no tuning may see, and what there is besides."""
    return {
        "held_out": {
            "planted": HELD_OUT_FAMILIES,
            "benign": HELD_OUT_BENIGN,
            "seeds": HELD_OUT_SEEDS,
        },
        "tuning_seeds": TUNING_SEEDS,
        "planted": PLANTED,
        "benign": {family: severities for family, severities in BENIGN.items() if family not in LATER},
        "shares": SHARES,
        "domains": DOMAINS,
    }


def check() -> None:
    """Fail if the families are not those that were frozen, or the frozen list was changed."""
    text = FROZEN.read_bytes()
    if hashlib.sha256(text).hexdigest() != FROZEN.with_suffix(".sha256").read_text().split()[0]:
        raise SystemExit(f"{FROZEN.name} is not what was frozen: its digest differs from {FROZEN.stem}.sha256")
    if text != _frozen():
        raise SystemExit(f"families.py says other than {FROZEN.name}: families and seeds may not change after freezing")


def _frozen() -> bytes:
    return (json.dumps(plan(), indent=1) + "\n").encode()


def main() -> None:
    """Write one source of each kind and say how much there is, or freeze."""
    if "--freeze" in sys.argv:
        FROZEN.write_bytes(_frozen())
        FROZEN.with_suffix(".sha256").write_text(f"{hashlib.sha256(_frozen()).hexdigest()}  {FROZEN.name}\n")
    check()
    for kinds, write in ((PLANTED, planted), (BENIGN, benign)):
        for family, severities in kinds.items():
            for severity in severities:
                share = (1.0,) if write is planted else ()
                case = write(family, severity, *share, "brown", 1200, 1)
                types = len({word for text in case.source for word in text.split()})
                print(
                    f"{family:16} {severity:7g} {len(case.source):6} windows {types:7} types  against {case.declared}"
                )


if __name__ == "__main__":
    main()
