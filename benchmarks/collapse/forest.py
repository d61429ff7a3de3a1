"""What a forest finds with the gate's figures, if it has met every family, severity and share.

    .venv/bin/python -m venv .run/forest && .run/forest/bin/pip install scikit-learn==1.9.1
    export PYTHONPATH=.:$(.venv/bin/python -c "import site; print(site.getsitepackages()[0])")
    .run/forest/bin/python benchmarks/collapse/forest.py .run/collapse    # prints it, and writes results/forest.json

scikit-learn is no dependency of the project, hence the environment of its own. Sources of one domain are judged by a
forest grown on those of all others, planted and benign ones of every kind among them, from all figures of a line: what
no gate can have, which does not know what is planted, nor what is benign, where it is used. `unmet_planted` and
`unmet_benign` are the same by forests that have not met the family that they are asked about, as a gate has not; those
of the other side have there the mean over these forests. Every answer stands beside all benign sources, and beside
each family of them: most of a source that hides a little is `real` text of the very domain. Where a forest misses a
goal, the goal may want other figures than these; that no other rule could do better is not shown. Real text that is
declared as what it is stands once, not as another domain's besides. Reads lines, runs nothing.
"""

import json
import sys
from collections.abc import Callable, Sequence
from itertools import chain, product
from pathlib import Path
from typing import Any

import measures
import numpy as np
from bench import settings
from families import BENIGN, PLANTED
from judged import Judged, read
from limits import SHARES, Scores, figures
from numpy.typing import NDArray
from table import RESULT, rounded

EITHER = {*PLANTED, *BENIGN} - {"other_domain"}  # which are sources of `real` once more
TREES, LEAF, TRIED = 200, 3, 0.3  # trees; sources in a leaf at least; share of the figures that a branch chooses from
SIDES = {"planted": PLANTED, "benign": BENIGN}
PARTS = ("tuning", "held_out", "fresh")
Floats = NDArray[np.float64]
Json = dict[str, Any]


def grow(rows: Floats, bad: NDArray[np.bool_]) -> Callable[[Floats], Floats]:
    """A forest: from rows of figures to the share of trees that call a source planted."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(TREES, min_samples_leaf=LEAF, max_features=TRIED, random_state=0).fit(rows, bad)
    return lambda asked: forest.predict_proba(asked)[:, 1]


def said(
    rows: Floats, families: NDArray[np.str_], domains: NDArray[np.str_], left_out: Sequence[str] = ("",)
) -> Floats:
    """By source: what forests say of it that grew on the sources of other domains.

    rows: figures by source (n by k). left_out: families of which each is asked of a forest that has not seen it; all
    other sources have the mean over these forests. With one name of no family nothing is left out.
    """
    out = np.zeros(len(rows))
    bad = np.isin(families, list(PLANTED))
    asked = np.isin(families, list(left_out))
    for domain, name in product(np.unique(domains), left_out):
        mine, learnt = domains == domain, (domains != domain) & (families != name)
        share = np.where(asked[mine], families[mine] == name, 1 / len(left_out))
        out[mine] += grow(rows[learnt], bad[learnt])(rows[mine]) * share
    return out


def table(known: Sequence[Judged], answers: Floats) -> Json:
    """By share of planted sources: n, and what tells them from all benign sources, and from each family of them."""
    every = list(zip(known, answers.tolist()))
    good = {f: [(j.bed, s) for j, s in every if j.key.family == f] for f in BENIGN}
    out: Json = {"benign": {f: len(own) for f, own in good.items() if own}, "shares": {}}
    for q in SHARES:
        bad = [(j.bed, s) for j, s in every if j.kind == "planted" and j.key.share == q]
        families = {f: beside(bad, good[f]) for f in out["benign"]}
        out["shares"][str(q)] = {"n": len(bad), **beside(bad, list(chain(*good.values()))), "families": families}
    return out


def beside(bad: Scores, good: Scores) -> Json:
    """The area under the curve, and how many are found with one benign source in twenty."""
    bound = measures.threshold([s for _, s in good])
    return {
        "auc": rounded(measures.auc([s for _, s in bad], [s for _, s in good])),
        "auc_95": rounded(measures.auc_interval(bad, good)),
        "tpr": rounded(measures.share(sum(s > bound for _, s in bad), len(bad))),
    }


def main() -> None:
    """Grow, ask, print and write; the score's own figures, on the same sources, beside."""
    every = [j for part in PARTS for j in read(Path(sys.argv[1]) / f"{part}.jsonl", settings())]
    known = [j for j in every if j.answer.score is not None and j.key.family in EITHER]
    rows = np.array([list(figures(j).values()) for j in known])
    families, domains = (np.array([getattr(j.key, n) for j in known]) for n in ("family", "domain"))
    unmet = {f"unmet_{n}": [f for f in side if f in families] for n, side in SIDES.items()}
    found = {"score": table(known, np.array([j.answer.score for j in known], dtype=np.float64))}
    for name, left_out in {"met": ("",), **unmet}.items():
        found[name] = table(known, said(rows, families, domains, left_out))
    RESULT.with_name("forest.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
