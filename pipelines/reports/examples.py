"""The part of the page that shows a few documents, rejected ones under their reason and kept ones."""

from collections.abc import Iterator

from pipelines.reports.chosen import EXCERPT, KEPT, Example, examples
from pipelines.reports.facts import Stages
from pipelines.reports.markup import Html, details, join, number, prose, section, tag, text
from pipelines.reports.masks import masked
from pipelines.store import Store
from stages.params import Report

HOW = (
    "Chosen by hash of doc_id, up to {each} per reason, from up to {shards} shards per stage; no random sample of all. "
    "The words are the beginning of the text after every edit. What looks like an address, a telephone or an account "
    "number is masked as well, and hidden marks are removed; names of people are not found by any step."
)


def shown(store: Store, stages: Stages, held: Report) -> Html:
    """Examples by stage and reason."""
    found = examples(store, stages, held.examples_per_reason, held.example_shards)
    if not found:
        return Html("")
    how = prose(HOW.format(each=held.examples_per_reason, shards=held.example_shards))
    return section("examples", "Examples", how, join(_stages(found)))


def _stages(found: list[Example]) -> Iterator[Html]:
    for stage in dict.fromkeys(one.stage for one in found):
        own = [one for one in found if one.stage == stage]
        yield tag("h3", stage)
        for reason in dict.fromkeys(one.reason for one in own):
            cards = [_card(one) for one in own if one.reason == reason]
            name = join((tag("strong", reason), f" ({len(cards)})"))
            yield details(name, join(cards), opened=reason == KEPT)


def _card(one: Example) -> Html:
    """Title and address, why, the words, and what to ask pipelines.explain for."""
    head = tag("strong", one.title or one.url or "a page without title and address")
    where = tag("div", one.url, "url") if one.url and one.title else ""
    words = tag("blockquote", text(one.text, EXCERPT + 1)) if one.text else ""
    ask = join((f"{one.shard} · ", tag("code", one.decision["doc_id"])))
    return Html(f'<article class="card">{head}{where}{_why(one)}{words}{tag("div", ask, "soft")}</article>\n')


def _why(one: Example) -> Html:
    """The value against its bound, what else failed, and the kept twin."""
    row = one.decision
    said = []
    if row["value"] is not None:
        said.append(number(row["value"]) + (f" against {number(row['bound'])}" if row["bound"] is not None else ""))
    if row["also"]:
        said.append(f"also {', '.join(row['also'])}")
    if row["related_doc_id"]:
        said.append(f"kept instead: {row['related_doc_id']}")
    if row["detail"]:
        said.append(masked(row["detail"]))
    return tag("div", " · ".join(said), "why") if said else Html("")
