"""Stage `card`: the release's card, its Croissant description, checksums, and the funnel that `dvc plots` draws.

A stage of its own and not a part of the report, which is built from whatever exists, also where a gate closed: what did
not pass the gate of mix is no release and has no card. `python -m pipelines.card --out DIR` copies the release and its
card into one folder, ready to be handed on.
"""

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines import context, outputs
from pipelines.cards import croissant, facts, readme
from pipelines.cards.facts import FOLDER, Facts
from pipelines.context import Context
from pipelines.entry import guarded, set_environment, stage_main
from pipelines.errors import BadInput, GateClosed
from pipelines.exports import copy_files, empty_folder
from pipelines.files import write_json, write_text
from pipelines.store import ROOT

NAME, MARKER = "card", "checksums.sha256"


def run(ctx: Context) -> Facts:
    """Write data/card/ and data/reports/funnel.csv."""
    _refuse(ctx)
    found = facts.gather(ctx)
    write(found, ctx.store.data(NAME))
    write_text(ctx.store.data("reports", "funnel.csv"), _funnel(found))
    return found


def _refuse(ctx: Context) -> None:
    if not outputs.is_open(ctx.store, "mix"):
        raise GateClosed("the gate of mix is not open for its manifest: see data/gates/mix.json")


def write(found: Facts, folder: Path) -> None:
    """README.md, croissant.json and checksums.sha256, all relative to the folder that holds `documents/`."""
    write_text(folder / "README.md", readme.build(found))
    write_json(folder / "croissant.json", croissant.build(found))
    write_text(folder / MARKER, "".join(f"{f.sha256}  {FOLDER}/{f.name}\n" for f in found.files))


def _funnel(found: Facts) -> str:
    out = io.StringIO()
    rows = csv.DictWriter(out, ("step", "documents", "tokens"), lineterminator="\n")
    rows.writeheader()
    rows.writerows(facts.funnel(found))
    return out.getvalue()


def export(ctx: Context, out: Path) -> Path:
    """Copy the release and its card into a folder. Raises BadInput for a folder that holds other files."""
    _refuse(ctx)
    found = facts.gather(ctx)
    folder = empty_folder(out, MARKER)
    manifest = outputs.manifest(ctx.store, "mix")
    refs = manifest.shards(f"mix/{FOLDER}") if manifest else ()
    copy_files([ctx.store.path(ref) for ref in refs], folder / FOLDER)
    write(found, folder)
    return folder


def main(argv: Sequence[str] | None = None) -> int:
    """Run the stage, or with `--out DIR` copy the release."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if "--out" not in arguments:
        return stage_main(NAME, run, arguments)
    set_environment(ROOT)

    def work() -> None:
        if len(arguments) != 2 or arguments[0] != "--out":
            raise BadInput("usage: python -m pipelines.card [--out DIR]")
        print(f"release and card: {export(context.load(), Path(arguments[1]))}")

    return guarded(NAME, work, status=False)


if __name__ == "__main__":
    sys.exit(main())
