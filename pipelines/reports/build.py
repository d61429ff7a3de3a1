"""The report: data/reports/index.html, one page made from whatever exists. Same inputs, same bytes; no clock."""

from pathlib import Path

from pipelines.files import write_text
from pipelines.reports import facts, sections, verdicts
from pipelines.reports.markup import Html, details, join, section, table
from pipelines.reports.page import page
from pipelines.store import Store
from stages.params import Params
from stages.params import sections as plain

RECIPE = ("extract", "quality", "dedup", "toxicity", "mix")


def build(store: Store, params: Params) -> Path:
    """Write the page and return its path."""
    stages = facts.of(store)
    body = join(
        (
            sections.funnel(stages),
            sections.reasons(stages),
            sections.languages(stages),
            sections.shards(stages),
            verdicts.collapse(facts.collapse(store)),
            verdicts.gates(stages),
            recipe(params),
        )
    )
    path = store.data("reports", "index.html")
    write_text(path, page("Sluicegate quality report", join((sections.header(stages, body), body))))
    return path


def recipe(params: Params) -> Html:
    """The params that decide what a document is; not where the input lies, and not how the run is carried out."""
    found = {name: value for name, value in plain(params).items() if name in RECIPE}
    rows = [(key, shown(value)) for key, value in verdicts.flat(found)]
    return section(
        "recipe", "Recipe", details("The params of this run", table("params.yaml", ("Key", "Value"), rows, (0, 1)))
    )


def shown(value: object) -> str:
    """A value of params.yaml as it would be written there."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return ", ".join(map(shown, value)) if isinstance(value, list) else str(value)
