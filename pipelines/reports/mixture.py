"""The panel of the collapse checks: one verdict, what it rests on, and what would make it pass.

Reads collapse.json and, for curves and examples, mix/assessments; both are bounded. A file of another form shows less
and breaks nothing. Decides nothing: lights repeat what was found beside the bounds of params.yaml.
"""

import json
from collections.abc import Mapping
from typing import Any

from pipelines.errors import Infrastructure
from pipelines.reports import curves, sources
from pipelines.reports.check_words import HOW_SURE, KINDS
from pipelines.reports.facts import Stages
from pipelines.reports.markup import Html, join, number, percent, prose, section, table, tag
from pipelines.reports.sources import light, mapping, ratio, rows
from pipelines.store import Store
from stages.params import Params

Values = Mapping[str, Any]


def panel(store: Store, stages: Stages, found: Values, params: Params) -> Html:
    """The section of the page; nothing where the checks have not run."""
    if not found:
        return Html("")
    held = params.mix.collapse
    shown = exhibits(store, stages)
    named = sorted((name, one) for name, one in mapping(found.get("sources")).items() if isinstance(one, dict))
    own = [sources.source(name, one, shown.get(name, {}), held) for name, one in named]
    heads = ("Reason", "Asks for", "Source", "Field", "Value", "Bound")
    why = table("Reasons, the worst first.", heads, map(_reason, rows(found.get("reasons"))), (0, 1, 2, 3))
    lead = join((light(found.get("verdict")), prose(_how(params)), prose(HOW_SURE)))
    return section(
        "collapse",
        "Collapse checks",
        lead,
        why,
        _provenance(found, params),
        _whole(found),
        sources.overview(named),
        *own,
    )


def exhibits(store: Store, stages: Stages) -> dict[str, dict[str, Any]]:
    """Source -> part -> what the stage left to be shown; nothing where a table is lost."""
    facts = stages["mix"]
    refs = facts.manifest.shards("mix/assessments") if facts.ran and facts.manifest else ()
    out: dict[str, dict[str, Any]] = {}
    try:
        for ref in refs:
            for source, part, found in store.read(ref, ("source", "part", "found")).iter_rows():
                if part in ("exhibits", "bounds"):
                    out.setdefault(source, {})[part] = json.loads(found)
    except Infrastructure:  # a lost file closes a gate; the page that says so is built all the same
        return {}
    return out


def _how(params: Params) -> str:
    held, low = params.mix.collapse, params.gates.mix.low_power_tokens
    return (
        f"Text of models lacks the rare words and turns of what people write, and a model trained on it loses more. "
        f"These checks ask whether this mixture would cost a model that tail. The verdict is the worst of its reasons. "
        f"Below a real share of {held.min_real_share} it refuses, below {held.warn_real_share} it warns; it refuses "
        f"above {held.max_unknown_depth_share} of text by generators that were trained on generated text, or nobody "
        f"knows. Statistics refuse with two keys only: a small model is harmed by the source, and the source has lost "
        f"{held.refuse_loss} of its variety beside real text of the same kind. A source of fewer than "
        f"{held.min_windows:,} windows of 50 words, or with more than a tenth of its text in shorter documents, is not "
        f"judged (low_power), which closes the gate from {low:,} synthetic tokens on; neither is one that declares no "
        f"real text, or too little of its kind, which always closes it. A pass says that no loss was found, not that "
        f"there is none."
    )


def _reason(found: Values) -> tuple[object, ...]:
    asks = found.get("verdict")
    words = map(found.get, ("source", "field", "value", "bound"))
    return (found.get("code"), light(asks) if asks else None, *words)


def _provenance(found: Values, params: Params) -> Html:
    """Where the tokens come from, beside the floor of real text and the cap of depth."""
    counted, held = mapping(found.get("provenance")), params.mix.collapse
    parts = [(KINDS[k], counted[k]) for k in KINDS if isinstance(counted.get(k), int) and counted[k] > 0]
    total = sum(n for _, n in parts)
    if not total:
        return Html("")
    cap = held.max_unknown_depth_share
    marks = [
        (f"at least {held.min_real_share:g} real", held.min_real_share),
        (f"at most {cap:g} of depth 2 or unknown", 1 - cap),  # these two stand last
    ]
    bar = curves.whole("Tokens of the mixture by where they come from", parts, marks)
    deep = sum(counted.get(k, 0) for k in ("depth_2", "unknown") if isinstance(counted.get(k), int))
    bounds = {
        KINDS["real"]: f"refused below {held.min_real_share:g}, a warning below {held.warn_real_share:g}",
        KINDS["depth_2"]: f"with unknown {percent(deep, total)}; refused above {held.max_unknown_depth_share:g}",
        KINDS["unknown"]: "counts as depth 2",
        KINDS["repeated"]: "copies beyond the fourth: neither real nor made",
    }
    lines = [(name, n, percent(n, total), bounds.get(name)) for name, n in parts]
    caption = "Depth 1: by a model that was trained on people's text; depth 2: by one trained on such a model's."
    return join((bar, table(caption, ("Tokens", "Count", "Share", "Bound"), lines, (0, 3))))


def _whole(found: Values) -> Html:
    lines: list[tuple[object, object]] = list(mapping(found.get("figures")).items())
    waiver = mapping(found.get("waiver"))
    if waiver:
        lines.append(("waived by", sources.waiver(waiver)))
    if found.get("digest"):
        lines.append(("digest, for a waiver of the whole", tag("code", found["digest"])))
    return table("The whole mixture.", ("Figure", "Value"), [(k, _value(v)) for k, v in lines])


def _value(value: object) -> object:
    return number(value) if ratio(value) is not None else value if isinstance(value, str) else str(value)
