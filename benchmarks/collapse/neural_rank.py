"""Whether the gate's figures rank mixtures as their harm to a neural model does: Spearman's rho with its interval.

Reads what neural.py appended (one JSON object a line) and writes one file and a table. Intervals are percentiles of a
bootstrap over beds (a domain divided by a seed): mixtures of one bed share their real text, their controls and their
held-out text. Draws are hashes. What this module does not know: how anything was trained, or what a family is.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from materials import unit
from numpy.typing import NDArray

MAIN = 3  # figures of which all parts are given
DRAWS, LEAST = 2000, 4  # mixtures below which no correlation is given
HARMS = ("all", "tail")
FIGURES: dict[str, Callable[[dict[str, Any]], float | None]] = {
    "score": lambda row: row["score"],
    "harm": lambda row: _lacking(row["ert"].get("all")),
    "harm in the tail": lambda row: _lacking(row["ert"].get("tail")),
    "canary": lambda row: row["canary"],
    "corpus": lambda row: row["corpus"],
    "loss": lambda row: row["loss"],
    "entropy drop": lambda row: row["drop"],
}
Row = dict[str, Any]
Pairs = Sequence[tuple[str, float, float]]  # bed, figure, harm
Asked = Mapping[str, Callable[[Row], bool]]


def _lacking(worth: float | None) -> float | None:
    """As `stages.mix.verdict.Scored` has it."""
    return None if worth is None else 1 - worth


def read(file: Path) -> list[Row]:
    """The rows of a JSONL file; none where there is no file."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def spearman(pairs: Pairs) -> float | None:
    """Rank correlation, ties at their mean rank; null below LEAST pairs, or where all figures or all harms are one."""
    if len(pairs) < LEAST:
        return None
    x, y = _ranks([x for _, x, _ in pairs]), _ranks([y for _, _, y in pairs])
    spread = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / spread if spread else None


def _ranks(values: list[float]) -> NDArray[np.float64]:
    """Ranks less their mean; ties at their mean rank."""
    ordered = np.sort(values)
    ranks = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return np.asarray(ranks / 2 - len(values) / 2)


def within(pairs: Pairs) -> float | None:
    """The mean of the correlations inside each bed that has one."""
    found = [spearman([p for p in pairs if p[0] == bed]) for bed in dict.fromkeys(p[0] for p in pairs)]
    known = [rho for rho in found if rho is not None]
    return sum(known) / len(known) if known else None


def interval(pairs: Pairs, measure: Callable[[Pairs], float | None]) -> tuple[float, float] | None:
    """The 2.5th and the 97.5th percentile over draws of as many beds, with replacement; null for fewer than three."""
    beds = list(dict.fromkeys(bed for bed, _, _ in pairs))
    if len(beds) < 3:
        return None
    own = {bed: [p for p in pairs if p[0] == bed] for bed in beds}
    found = []
    for b in range(DRAWS):
        drawn = [beds[int(unit("bootstrap", b, i) * len(beds))] for i in range(len(beds))]
        found.append(measure([(f"{bed} {i}", x, y) for i, bed in enumerate(drawn) for _, x, y in own[bed]]))
    known = [rho for rho in found if rho is not None]
    return tuple(float(v) for v in np.quantile(known, [0.025, 0.975])) if known else None  # type: ignore[return-value]


def rows(trained: Sequence[Row], scored: Sequence[Row], wanted: Sequence[Row]) -> list[Row]:
    """What both files hold of the wanted mixtures, with the harm: nats more than the controls, and the share lost.

    lost: of what fresh real text gives beyond the real part alone; 0 as fresh text, 1 worth nothing, above 1 worse.
    """
    nats = {_key(row["mixture"]): row["nats"] for row in trained}
    said = {_key(row["mixture"]): row for row in scored}
    draws: dict[object, list[dict[str, float]]] = {}
    for row in trained:
        if row["mixture"]["family"] == "fresh":
            draws.setdefault(_bed(row["mixture"]), []).append(row["nats"])
    out = []
    for mixture in wanted:
        alone = nats.get(_key({**mixture, "family": "alone", "severity": 0, "share": 1}))
        own, gate, fresh = nats.get(_key(mixture)), said.get(_key(mixture)), draws.get(_bed(mixture))
        if own and fresh and alone and gate:
            out.append({**gate, **_harm(own, _mean(fresh), alone)})
    return out


def _bed(mixture: Row) -> tuple[object, ...]:
    return mixture["domain"], mixture["seed"]


def _mean(found: Sequence[dict[str, float]]) -> dict[str, float]:
    return {band: sum(nats[band] for nats in found) / len(found) for band in found[0]}


def _key(mixture: Row) -> tuple[object, ...]:
    return tuple(mixture[name] for name in ("family", "severity", "share", "domain", "seed"))


def _harm(own: dict[str, float], fresh: dict[str, float], alone: dict[str, float]) -> Row:
    return {
        "harm": {band: round(own[band] - fresh[band], 5) for band in own},
        "beside_nothing": {band: round(own[band] - alone[band], 5) for band in own},
        "lost": {band: _share(own[band] - fresh[band], alone[band] - fresh[band]) for band in own},
    }


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole > 0 else None


def pairs(found: Sequence[Row], figure: str, harm: str, unit_of: str = "harm") -> list[tuple[str, float, float]]:
    """Bed, figure and harm of the rows that have both."""
    out = []
    for row in found:
        x, y = FIGURES[figure](row), row[unit_of][harm]
        if x is not None and y is not None:
            out.append((f"{row['mixture']['domain']} {row['mixture']['seed']}", float(x), float(y)))
    return out


def ranked(found: Sequence[Row], part: str, figure: str, harm: str, unit_of: str = "harm") -> Row:
    """One line of the table. part: what rows are; `inside beds`: the mean inside each."""
    these = pairs(found, figure, harm, unit_of)
    measure = within if part == "inside beds" else spearman
    rho, ends = measure(these), interval(these, measure)
    return {
        "part": part, "figure": figure, "harm": f"{unit_of} {harm}", "n": len(these),
        "beds": len({bed for bed, _, _ in these}), "rho": rho if rho is None else round(rho, 3),
        "interval": ends if ends is None else [round(e, 3) for e in ends],
    }  # fmt: skip


def parts(found: Sequence[Row], asked: Asked) -> dict[str, list[Row]]:
    """Rows by what is asked of them: all, those of a kind, and by family where there are enough."""
    families = sorted({row["mixture"]["family"] for row in found})
    by_family = {f: [row for row in found if row["mixture"]["family"] == f] for f in families}
    return {
        "all mixtures": list(found),
        "inside beds": list(found),
        **{name: [row for row in found if whether(row["mixture"])] for name, whether in asked.items()},
        **{name: own for name, own in by_family.items() if len(own) >= LEAST},
    }


def table(found: Sequence[Row], asked: Asked, out: Path, mixtures: bool = True) -> None:
    """Write `out`, with or without the mixtures, and print it. asked: name of a part -> whether a mixture is of it."""
    split, main, other = parts(found, asked), list(FIGURES)[:MAIN], list(FIGURES)[MAIN:]
    lines = [ranked(own, part, figure, harm) for part, own in split.items() for figure in main for harm in HARMS]
    lines += [ranked(found, "all mixtures", figure, harm) for figure in other for harm in HARMS]
    shares = [(part, figure, harm) for part in ("all mixtures", "inside beds") for figure in main for harm in HARMS]
    lines += [ranked(found, part, figure, harm, "lost") for part, figure, harm in shares]
    for row in found:
        m, harm = row["mixture"], row["harm"]
        print(f"{m['family']:16} {m['severity']:5g} @{m['share']:3g} {m['domain']:14} {m['seed']:4} {_line(row, harm)}")
    for line in lines:
        print(
            f"{line['part']:16} {line['figure']:22} {line['harm']:10} n {line['n']:3} {line['rho']} {line['interval']}"
        )
    verdicts = by_verdict(found)
    for line in verdicts:
        print(f"{line['verdict']:8} {line['harm']:5} n {line['n']:3} {line['least_median_most']}")
    out.parent.mkdir(exist_ok=True)
    rows = {"rank": lines, "verdicts": verdicts} | ({"mixtures": found} if mixtures else {})
    parted = {name: _lines(own) for name, own in rows.items()}
    out.write_text("{\n" + ",\n".join(f'"{name}": {text}' for name, text in parted.items()) + "\n}\n")


def _lines(rows: Sequence[Row]) -> str:
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]"


def _line(row: Row, harm: dict[str, float]) -> str:
    said = {"lost": row["lost"]["all"], "score": row["score"]}
    said |= {name: row["ert"].get(bucket) for name, bucket in (("ERT", "all"), ("tail", "tail"))}
    rest = " ".join(f"{name} {'null' if value is None else f'{value:+.2f}'}" for name, value in said.items())
    return f"harm {harm['all']:+.3f} tail {harm['tail']:+.3f} {rest} {row['verdict']}"


def by_verdict(found: Sequence[Row]) -> list[Row]:
    """The least, the median and the largest harm among mixtures of one verdict."""
    out = []
    for verdict in sorted({row["verdict"] for row in found}):
        for harm in HARMS:
            values = sorted(row["harm"][harm] for row in found if row["verdict"] == verdict)
            three = [values[0], round(float(np.median(values)), 5), values[-1]]
            out.append({"verdict": verdict, "harm": harm, "n": len(values), "least_median_most": three})
    return out
