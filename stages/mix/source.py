"""One synthetic source judged: its windows in, what was found and what speaks against it out, as rows of JSON."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from stages.mix import verdict, windows
from stages.mix.assess import assess, decoded, largest_share, plain
from stages.mix.canary.keys import bounds
from stages.mix.exhibits import exhibits
from stages.mix.params import AssessParams, Collapse
from stages.mix.within import Comparison

ROW = {"source": pl.String, "part": pl.String, "found": pl.String}


def judge_source(
    tables: Mapping[str, Any], params: tuple[Collapse, AssessParams], models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """mix/windows by shard and mix/declared -> mix/assessments of one source: (source, part, found as JSON).

    Parts: reasons (a list), rank (how sure, how much), alone, mixture, canary, and weight where both keys
    are turned. Where it could be judged also exhibits (stages.mix.exhibits, with words of the text) and bounds (of the
    canary: key -> warn, harm).
    """
    settings, own = params
    ours, real = (
        _reservoir(tables["mix/windows"], own.source, o, settings.reservoir) for o in ("synthetic", "reference")
    )
    canary = decoded(settings.canary, tables["mix/declared"], own)
    found = assess(ours, real, settings.model_copy(update={"canary": canary}), own.share)
    answer = verdict.scored(found, settings, own.source)
    parts: dict[str, Any] = {"reasons": [verdict.row(r) for r in answer.reasons]}
    parts |= {
        "rank": verdict.rank(answer),
        "alone": plain(found.alone),
        "mixture": plain(found.mixture),
        "canary": plain(found.canary),
    }
    if isinstance(found.alone, Comparison) and any(r.code in verdict.BOTH for r in answer.reasons):
        parts["weight"] = {"largest": largest_share(ours, real, found.alone, settings)}
    if answer.verdict != "ABSTAIN" and found.canary is not None and (drop := found.canary.entropy_drop) is not None:
        parts["bounds"] = bounds(found.canary.tokens["loop"], found.canary.ert["head"], drop, canary)
        parts["exhibits"] = exhibits(ours, real, settings, own.share)
    lines = [(own.source, part, json.dumps(value, sort_keys=True)) for part, value in parts.items()]
    return {"mix/assessments": pl.DataFrame(lines, schema=ROW, orient="row")}


def _reservoir(shards: Mapping[str, pl.DataFrame], source: str, origin: str, size: int) -> pl.DataFrame:
    return windows.merge((shards[s].filter(source=source, origin=origin) for s in sorted(shards)), size)
