"""What a forest finds with the gate's figures, if it has met every family, severity and share.

    .venv/bin/python -m venv .run/forest && .run/forest/bin/pip install scikit-learn==1.9.1
    export PYTHONPATH=.:$(.venv/bin/python -c "import site; print(site.getsitepackages()[0])")
    .run/forest/bin/python benchmarks/collapse/forest.py .run/collapse    # prints it, and writes results/forest.json

scikit-learn is no dependency of the project, hence the environment of its own. Sources of one domain are judged by a
forest grown on those of all others, planted and benign ones of every kind among them, from all figures of a line. No
gate can have this: it knows what is planted where it is used. Where a forest misses a goal, the goal may want other
figures than these; that no other rule could do better is not shown. `unmet` is the same by forests that have not met
the family they are asked about, which is what a gate is in for; benign sources have there the mean over these
forests. Real text that is declared as what it is stands once among them, not as another domain's besides. Reads
lines, runs nothing.
"""

import json
import sys
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import measures
import numpy as np
from bench import settings
from families import BENIGN, PLANTED
from judged import Judged, read
from limits import SHARES, figures
from numpy.typing import NDArray
from table import RESULT, rounded

EITHER = {*PLANTED, *BENIGN} - {"other_domain"}  # which are sources of `real` once more
TREES, LEAF, TRIED = 200, 3, 0.3  # trees; sources in a leaf at least; share of the figures that a branch chooses from
PARTS = ("tuning", "held_out", "fresh")
Floats = NDArray[np.float64]
Json = dict[str, Any]


def grow(rows: Floats, bad: NDArray[np.bool_]) -> Callable[[Floats], Floats]:
    """A forest: from rows of figures to the share of trees that call a source planted."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(TREES, min_samples_leaf=LEAF, max_features=TRIED, random_state=0).fit(rows, bad)
    return lambda asked: forest.predict_proba(asked)[:, 1]


def said(rows: Floats, families: NDArray[np.str_], domains: NDArray[np.str_], *, met: bool) -> Floats:
    """By source: what forests say of it that grew on the sources of other domains.

    rows: figures by source (n by k). families: of planted sources, "" of benign ones. met: whether the forest that is
    asked about a family has seen it; otherwise benign sources have the mean over the forests of all families.
    """
    out = np.zeros(len(rows))
    left_out = ["-"] if met else [f for f in PLANTED if f in families]
    for domain, name in product(np.unique(domains), left_out):
        mine, learnt = domains == domain, (domains != domain) & (families != name)
        share = np.where(families[mine] == "", 1 / len(left_out), families[mine] == name)
        out[mine] += grow(rows[learnt], families[learnt] != "")(rows[mine]) * (1.0 if met else share)
    return out


def table(known: Sequence[Judged], answers: Floats) -> Json:
    """By share of planted sources: n, the area under the curve, and how many are found with one benign in twenty."""
    every = list(zip(known, answers.tolist()))
    good = [(j.bed, s) for j, s in every if j.kind == "benign"]
    bound = measures.threshold([s for _, s in good])
    out: Json = {}
    for q in SHARES:
        bad = [(j.bed, s) for j, s in every if j.kind == "planted" and j.key.share == q]
        out[str(q)] = {
            "n": len(bad),
            "auc": rounded(measures.auc([s for _, s in bad], [s for _, s in good])),
            "auc_95": rounded(measures.auc_interval(bad, good)),
            "tpr": rounded(measures.share(sum(s > bound for _, s in bad), len(bad))),
        }
    return {"benign": len(good), "shares": out}


def main() -> None:
    """Grow, ask, print and write."""
    every = [j for part in PARTS for j in read(Path(sys.argv[1]) / f"{part}.jsonl", settings())]
    known = [j for j in every if j.answer.score is not None and j.key.family in EITHER]
    rows = np.array([list(figures(j).values()) for j in known])
    families = np.array([j.key.family if j.kind == "planted" else "" for j in known])
    domains = np.array([j.key.domain for j in known])
    found = {
        name: table(known, said(rows, families, domains, met=met)) for name, met in (("met", True), ("unmet", False))
    }
    RESULT.with_name("forest.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
