"""The report: one page made from whatever exists, after a success and after a failure.

data/reports/index.html holds what its inputs say and nothing else: same inputs, same bytes. `.run/report.html` is the
same page with what belongs to this checkout: what this machine took, and the runs that were accepted here before.
"""

from pathlib import Path

from pipelines.files import write_text
from pipelines.reports import costs, distributions, examples, facts, mixture, panels, places, sections, verdicts
from pipelines.reports.facts import Stages
from pipelines.reports.markup import Html, details, join, section, table
from pipelines.reports.page import page
from pipelines.store import Store
from stages.params import Params
from stages.params import sections as plain

TITLE = "Sluicegate quality report"
RECIPE = ("extract", "quality", "dedup", "toxicity", "mix", "gates")


def build(store: Store, params: Params) -> Path:
    """Write the page, and the one with clocked figures beside the logs. Returns the path of the first."""
    stages = facts.of(store)
    parts, path, run_dir = _parts(store, stages, params), store.data("reports", "index.html"), store.root / ".run"
    rows = facts.sources(store)
    for target, accepted, clocked in (
        (path, None, None),
        (run_dir / "report.html", facts.history(store), costs.read(run_dir)),
    ):
        gates, cost = verdicts.gates(stages, accepted), costs.cost(stages, params.report, clocked)
        write_text(target, whole(stages, join((parts, gates, sections.shards(stages, rows), cost, recipe(params)))))
    return path


def whole(stages: Stages, body: Html) -> str:
    """The document: head and parts in the shell of the page."""
    return page(TITLE, join((sections.header(stages, body), body)))


def _parts(store: Store, stages: Stages, params: Params) -> Html:
    return join(
        (
            sections.funnel(stages),
            sections.reasons(stages),
            distributions.distributions(stages, params),
            places.languages(stages),
            places.hosts(store, stages),
            examples.shown(store, stages, params.report),
            panels.duplicates(store, stages, params),
            panels.toxicity(stages, params),
            mixture.panel(store, stages, facts.collapse(store), params),
        )
    )


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
