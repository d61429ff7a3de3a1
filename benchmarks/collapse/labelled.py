"""CollapseBench where it is known which text is from which source: sources judged alone, by how many words they have.

    python benchmarks/collapse/labelled.py .run/collapse        # prints it, and writes results/labelled.json

table.py asks what is found of text that hides in a source, at a share of it. A pipeline knows its sources, and judges
each alone: a tenth of a mixture is seen as well as all of it, if it has the words. A source of 60,000 words is three
tenths of a mixture of 200,000, and a tenth of one of 600,000. Thresholds are those of table.py, whatever the size, and
in the parts `unseen` whatever the domain or language, of which no threshold knows.
Provenance is taken at its word, so the family `mislabelled` is missing. Reads lines and results, runs nothing.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import measures
from bench import ALONE, UNSEEN, settings
from judged import Judged, read
from materials import WINDOW, unit
from table import RESULT, UNLIKE, Bounds, accused, cell, cell_line, counted, group, head, rate, rounded

OUT = RESULT.with_name("labelled.json")
OTHERS = 7  # benign sources beside a planted one, of which the gate is asked which it is
Json = dict[str, Any]


def size(found: Sequence[Judged], windows: int, bound: Bounds) -> Json:
    """Sources of one size: planted and benign ones by family and by domain, and how often a planted one stands out."""
    own = group(found, found, bound)
    return {
        "words": windows * WINDOW,
        "all": own["all"]["1.0"],
        "families": {family: cells["1.0"] for family, cells in own["families"].items()},
        "benign": own["benign"],
        "all_benign": own["all_benign"],
        "domains": {d: _domain(found, d, bound) for d in sorted({j.key.domain for j in found})},
        "attributed": attributed(found, ()),
        "attributed_alike": attributed(found, UNLIKE),
    }


def _domain(found: Sequence[Judged], domain: str, bound: Bounds) -> Json:
    bad, good = ([j for j in found if (j.key.domain, j.kind) == (domain, kind)] for kind in ("planted", "benign"))
    return {"planted": cell(bad, good, bound), "benign": accused(good, bound)}


def attributed(found: Sequence[Judged], without: Sequence[str]) -> Any:
    """The share of planted sources that score more than OTHERS benign ones, drawn by a hash, and its 95 % interval."""
    good = [j for j in found if j.kind == "benign" and j.key.family not in without]
    scores = [j.answer.score for j in good if j.answer.score is not None]
    bad = [j for j in found if j.kind == "planted" and j.answer.score is not None]
    if not scores or not bad:
        return None
    hits = 0
    for j in bad:
        beside = [scores[int(unit("beside", j.key, i) * len(scores))] for i in range(OTHERS)]
        hits += (j.answer.score or 0.0) > max(beside)
    return rounded(measures.share(hits, len(bad)))


def early(loops: Sequence[Judged], bound: float) -> Json:
    """In how many beds a loop is first found at which generation, and the share of beds with two at most."""
    hits: dict[str, list[float]] = {}
    for j in loops:
        if j.answer.score is not None:
            hits.setdefault(j.bed, []).extend([j.key.severity] * (j.answer.score > bound))
    first = Counter(f"{min(found):g}" if found else "later" for found in hits.values())
    soon = measures.share(first["1"] + first["2"], len(hits))
    return {"first": dict(sorted(first.items())), "two_at_most": rounded(soon)}


def lines(found: Json) -> list[str]:
    """The tables as Markdown."""
    out = [head("words", "planted", "n", "AUC", "AUC, alike", "TPR", "TPR, alike", "verdicts")]
    for words, own in _named(found["sizes"]):
        planted = {"all": own["all"]} | own["families"] | {d: one["planted"] for d, one in own["domains"].items()}
        out.extend(f"| {words} | {name} | {cell_line(one)} |" for name, one in planted.items())
    out.append("\n" + head("words", "benign", "judged", "above the threshold", "verdicts"))
    for words, own in _named(found["sizes"]):
        benign = {"all": own["all_benign"]} | own["benign"] | {d: one["benign"] for d, one in own["domains"].items()}
        for name, one in benign.items():
            said = f"{one['n']} of {one['cases']} | {rate(one['above'])} | {counted(one['verdicts'])}"
            out.append(f"| {words} | {name} | {said} |")
        out.append(f"first of eight: {rate(own['attributed'])}, alike {rate(own['attributed_alike'])}")
    return [*out, f"loops: first found at {found['early']['first']}, within two {rate(found['early']['two_at_most'])}"]


def _named(sizes: Json) -> list[tuple[str, Json]]:
    return [(f"{own['words']:,}" + ", unseen domains" * (part in UNSEEN), own) for part, own in sizes.items()]


def main() -> None:
    """Print the tables and write them."""
    folder, now = Path(sys.argv[1]), settings()
    bound = Bounds(**json.loads(RESULT.read_text())["threshold"])
    read_of = {part: read(folder / f"{part}.jsonl", now) for part in (*ALONE, "early")}
    sizes = {part: size(read_of[part], windows, bound) for part, (windows, _) in ALONE.items() if read_of[part]}
    found = {"threshold": vars(bound), "sizes": sizes, "early": early(read_of["early"], bound.all)}
    OUT.write_text(json.dumps(found, indent=1) + "\n")
    print("\n".join(lines(found)))


if __name__ == "__main__":
    main()
