"""The parts of the page about duplicates and about toxicity and personal data."""

from pipelines import parts
from pipelines.errors import Infrastructure
from pipelines.reports import pairs
from pipelines.reports.facts import Facts, Stages
from pipelines.reports.markup import Html, join, paragraph, percent, prose, section, table, tag
from pipelines.store import Store
from stages.census import EDGES, label
from stages.params import Params

LARGEST = 10
AUDIT = {
    "candidate_texts": "different texts that share a band of their signature with another",
    "pairs_compared": "pairs whose word shingles were compared",
    "pairs_verified": "of these, pairs whose similarity reaches the threshold",
    "pairs_refuted": "of these, pairs that hashing proposed and the comparison refuted",
    "places_refused": "places in overfull buckets that were not remembered: comparisons that were not made",
}


def duplicates(store: Store, stages: Stages, params: Params) -> Html:
    """Clusters by size, the largest ones, what the search for them did, and who resembles whom by meaning."""
    facts = stages["dedup"]
    if not facts.ran or facts.manifest is None:
        return Html("")
    held = params.dedup
    chance = 1 - (1 - held.threshold**held.rows) ** held.bands
    how = (
        f"A near duplicate has a similarity ({held.measure}) of {held.threshold} or more with a kept document, over "
        f"{held.shingle}-word shingles. {held.bands} bands of {held.rows} values propose a pair whose Jaccard "
        f"similarity is {held.threshold} with probability {chance:.4f}; every proposed pair is compared exactly before "
        f"anything is removed. The scope is {held.scope}."
    )
    largest = parts.largest_clusters(store, facts.manifest.shards("dedup/clusters"), LARGEST)
    near = (_sizes(facts), _largest(largest), _audit(store, facts))
    return section("duplicates", "Duplicates", prose(how), *near, pairs.semantic(store, stages, params))


def _sizes(facts: Facts) -> Html:
    found = facts.of("clusters")
    if not found:
        return paragraph("No document resembles another.")
    by = {edge: found[label(edge)] for edge in EDGES if found.get(label(edge))}
    top = max(by)
    edges = [2.0, 3.0, 4.0, 6.0, 11.0, 21.0, 51.0, 101.0, 1001.0, 10_001.0, 100_001.0]
    rows = [_size_row(a, b, by) for a, b in zip(edges, [*edges[1:], float("inf")]) if a <= max(top, 2) * 1.13]
    total = sum(by.values())
    caption = f"{total:,} clusters by how many documents they have. Counted in bins: sizes above 9 are approximate."
    return table(
        caption, ("Documents in the cluster", "Clusters", "Share"), [(n, c, percent(c, total)) for n, c in rows]
    )


def _size_row(low: float, high: float, by: dict[float, int]) -> tuple[str, int]:
    """A size belongs to the bin of the smallest whole number that its left edge admits."""
    n = sum(count for edge, count in by.items() if low <= -(-edge // 1) < high)
    if high - low == 1:
        return f"{low:.0f}", n
    return (f"{low:.0f} or more" if high == float("inf") else f"{low:.0f} to {high - 1:.0f}"), n


def _largest(rows: list[parts.Row]) -> Html:
    body = [
        (tag("code", row["kept"]), *(row[key] for key in ("cluster_size", "exact", "near", "least", "shards")))
        for row in rows
    ]
    heads = ("A kept document", "Documents", "Exact copies", "Near copies", "Least similarity", "Shards")
    return table("The largest clusters. pipelines.explain tells the way of any document in them.", heads, body)


def _audit(store: Store, facts: Facts) -> Html:
    refs = facts.manifest.shards("dedup/audit") if facts.manifest else ()
    try:
        counted = {metric: n for ref in refs for metric, n in store.read(ref, ("metric", "count")).iter_rows()}
    except Infrastructure:
        return Html("")
    rows = [(words, counted[name]) for name, words in AUDIT.items() if name in counted]
    return table("What the search did.", ("Figure", "Count"), rows)


def toxicity(stages: Stages, params: Params) -> Html:
    """Whether scores reject, how many are above the bound, and the personal data that was replaced, by kind."""
    facts = stages["toxicity"]
    if not facts.ran:
        return Html("")
    held, scores = params.toxicity, facts.of("hist:toxicity/scores.toxicity_score")
    total = sum(n for key, n in scores.items() if key != "null")
    on = facts.of("edge:toxicity/scores.toxicity_score").get(label(held.max_score), 0)
    exact = held.max_score in EDGES
    above = sum(scores.get(label(edge), 0) for edge in EDGES if edge >= held.max_score) - on
    state = (
        "Report-only: scores are measured, and nothing is rejected by them."
        if held.report_only
        else (f"Documents above {held.max_score} are rejected.")
    )
    rows = [
        ("Documents with a score", total, percent(total, total)),
        (
            f"Score above {held.max_score}{'' if exact else ', counted from the next edge on'}",
            above,
            percent(above, total),
        ),
        ("Without a score (no words)", scores.get("null", 0), None),
        ("Rejected as toxicity_above", facts.of("reason").get("toxicity_above", 0), None),
    ]
    kinds = [(kind, n) for kind, n in sorted(facts.of("kind").items())]
    found = table("Personal data replaced in the release, by kind of edit.", ("Kind", "Spans"), kinds)
    lead = paragraph(state), table("Scores of all documents.", ("", "Documents", "Share"), rows)
    none = paragraph("No span of personal data was found.", "soft")
    how = paragraph(
        "The spread of scores is drawn under Distributions; the model's card says what it is worth.", "soft"
    )
    return section("toxicity", "Toxicity and personal data", join((*lead, how, found or none)), _lines(stages))


def _lines(stages: Stages) -> Html:
    rows = [
        (facts.stage, kind, n)
        for facts in stages.values()
        if facts.stage != "toxicity"
        for kind, n in sorted(facts.of("kind").items())
    ]
    return table("Edits of other stages.", ("Stage", "Kind", "Spans"), rows, (0, 1))
