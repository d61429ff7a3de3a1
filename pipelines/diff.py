"""`python -m pipelines.diff [REF1] [REF2]`: what two runs release, who entered and left, what moved.

A side is a git revision, `baseline` (the last commit that changed dvc.lock: the last accepted run) or `now` (what lies
on disk). Default: baseline now. What a revision left beside git is read from DVC's cache by the digests in its
dvc.lock; where the cache has it no more, the comparison says what it had to make do with.
"""

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.compare import build, page
from pipelines.compare.sides import BASELINE, NOW, Side, side
from pipelines.entry import guarded, set_environment
from pipelines.errors import BadInput
from pipelines.files import write_json, write_text
from pipelines.outputs import STAGES
from pipelines.store import ROOT
from pipelines.terminal import safe


def main(argv: Sequence[str] | None = None) -> int:
    """Write index.html and diff.json, print the sums."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.diff", description=__doc__)
    parser.add_argument("before", nargs="?", default=BASELINE, metavar="REF1")
    parser.add_argument("after", nargs="?", default=NOW, metavar="REF2")
    parser.add_argument("--out", default="data/reports/diff", help="folder to write to (default data/reports/diff)")
    args = parser.parse_args(argv)
    set_environment(ROOT)

    def work() -> None:
        found = write(ROOT, args.before, args.after, ROOT / args.out)
        print(summary(found))
        print(f"report: {args.out}/index.html")

    return guarded("diff", work, status=False)


def write(root: Path, before: str, after: str, out: Path) -> Mapping[str, Any]:
    """Compare two sides of a checkout into a folder; returns what diff.json holds. Raises BadInput."""
    sides = [side(root, name) for name in (before, after)]
    found = build.compare(*sides)
    found |= {name: _label(one) for name, one in zip(("before", "after"), sides)}
    if not any(step["documents"][i] for step in found["funnel"] for i in (0, 1)):
        raise BadInput(f"neither {before} nor {after} holds a run: no data/<stage>/ledger.json")
    write_json(out / "diff.json", found)
    write_text(out / "index.html", page.build(found))
    return found


def _label(one: Side) -> str:
    """A side's name, and which of its stages are stale."""
    stale = _stale(one)
    return f"{one.label} (STALE: {', '.join(stale)})" if stale else one.label


def _stale(one: Side) -> list[str]:
    """Stages made from an earlier state of another one; of a revision, as far as its manifests are at hand."""
    texts = {stage: one.text(f"data/{stage}/manifest.jsonl") for stage in STAGES}
    digests = {
        stage: hashlib.sha256(text.encode()).hexdigest()[:32] for stage, text in texts.items() if text is not None
    }
    made_from = {stage: (one.ledger(stage) or {}).get("parents", {}) for stage in STAGES}
    return [
        stage
        for stage, parents in made_from.items()
        if any(digests.get(p, digest if one.revision else None) != digest for p, digest in parents.items())
    ]


def summary(found: Mapping[str, Any]) -> str:
    """The comparison in a few lines for a terminal."""
    release = found["release"]
    lines = [f"{found['before']} -> {found['after']}, by {release['level']}"]
    for step in found["funnel"]:
        kept = [side["kept"] if side else None for side in step["documents"]]
        lines.append(f"{step['stage']:<10}{_number(kept[0])} -> {_number(kept[1])} documents kept")
    for name in ("entered", "left"):
        if name in release:
            top = ", ".join(f"{r['stage']}: {r['reason']} {r['documents']}" for r in release[name]["by"]["reason"][:3])
            lines.append(f"{name:<10}{release[name]['documents']} documents, {release[name]['tokens']} tokens  {top}")
    moved = [f"{one['stage']}.{one['column']}" for one in found["distributions"] if one["moved"]]
    lines.append(f"moved     {len(moved)} of {len(found['distributions'])} distributions  {', '.join(moved[:5])}")
    return "\n".join(safe(line) for line in lines)


def _number(value: int | None) -> str:
    return f"{'?' if value is None else value:>8}"


if __name__ == "__main__":
    sys.exit(main())
