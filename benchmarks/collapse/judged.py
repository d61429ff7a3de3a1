"""Lines of bench.py, judged anew by the gate's verdicts and score: figures stay, bounds may have changed.

Knows which families are harmful and which were held out; measures nothing itself.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import Key
from families import BENIGN, HELD_OUT_BENIGN, HELD_OUT_FAMILIES, HELD_OUT_SEEDS, LATER, PLANTED, TUNING_SEEDS

from stages.mix.assess import Assessment
from stages.mix.canary.figures import CanaryFigures, Estimate, low_power
from stages.mix.canary.keys import decide
from stages.mix.corpus import STATISTICS
from stages.mix.params import Collapse
from stages.mix.verdict import Scored, scored
from stages.mix.within import Comparison, Finding, Short

NAMED = ("penalty", "excess", "slope", "entropy_drop", "loop_entropy_drop", "coverage_loss", "weight")
Json = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """A case and the gate's answer."""

    key: Key
    answer: Scored

    @property
    def kind(self) -> str:
        """planted, benign, or apart: real models' text, of which nobody knows how harmful it is."""
        if self.key.family in PLANTED:
            return "planted"
        return "benign" if self.key.family in BENIGN or self.key.family == "paired_human" else "apart"

    @property
    def held_out_family(self) -> bool:
        """Whether no tuning saw the family."""
        return self.key.family in (*HELD_OUT_FAMILIES, *HELD_OUT_BENIGN, *LATER)

    @property
    def seeds(self) -> str:
        """tuning, held-out (two bounds moved after some of them had been seen) or fresh (`plain` moved one since)."""
        return "tuning" if self.key.seed in TUNING_SEEDS else "held-out" if self.key.seed in HELD_OUT_SEEDS else "fresh"

    @property
    def bed(self) -> str:
        """What cases share: a domain divided by a seed."""
        return f"{self.key.domain} {self.key.seed}"


def read(file: Path, settings: Collapse) -> list[Judged]:
    """The cases of a file; none where there is no file."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [judged(json.loads(line), settings) for line in lines]


def judged(line: Json, settings: Collapse) -> Judged:
    """One line."""
    alone = _alone(line["alone"])
    found = Assessment(alone, alone, _canary(line["canary"], settings))
    return Judged(Key(**line["key"]), scored(found, settings))


def _alone(found: Json) -> Comparison | Short:
    rest = {n: v for n, v in found.items() if n not in ("kind", "findings")}
    if found["kind"] == "Short":
        return Short(**rest)
    return Comparison(findings=tuple(_finding(Finding(**f)) for f in found["findings"]), **rest)


def _finding(found: Finding) -> Finding:
    """As statistics gate now. p-values are over those that gated then, and would be smaller over fewer, if anything."""
    gates = found.gates and next(s.gates for s in STATISTICS if s.name == found.name)
    return replace(found, gates=gates, p=found.p if gates else None)


def _canary(found: Json | None, settings: Collapse) -> CanaryFigures | None:
    if found is None:
        return None
    if found["reason"] is not None:
        return low_power(found["tokens"])
    ert, delta = ({b: Estimate(**e) for b, e in found[n].items()} for n in ("ert", "delta"))
    named = {n: Estimate(**found[n]) for n in NAMED}
    keys = {"ert": ert["all"], "ert_tail": ert["tail"], "ert_head": ert["head"]} | named
    verdict = decide(keys, found["tokens"]["loop"], settings.canary)
    return CanaryFigures(
        reason=None, tokens=found["tokens"], ert=ert, delta=delta, controls={}, real_text=None,
        weight=named["weight"], penalty=named["penalty"], excess=named["excess"], slope=named["slope"],
        entropy_drop=named["entropy_drop"], loop_entropy_drop=named["loop_entropy_drop"],
        coverage_loss=named["coverage_loss"], harm=verdict.harm, warn=verdict.warn, reasons=verdict.reasons,
        score=verdict.score,
    )  # fmt: skip
