"""The collapse verdict as `mix` wrote it (data/mix/collapse.json), split by what it means for the gate.

Read with distrust: what is missing or of another kind closes the gate rather than opens it.
"""

from typing import Any

import polars as pl

from pipelines.files import read_json
from pipelines.outputs import Manifest
from pipelines.store import Store

Row = dict[str, str | int | None]
SCHEMA = {
    "verdict": pl.String,
    "refused": pl.String,
    "abstained": pl.String,
    "undecided_tokens": pl.Int64,
    "unchecked_rows": pl.Int64,
    "warned": pl.String,
}


def look(store: Store, manifest: Manifest) -> pl.DataFrame:
    """One row; each column but `verdict` is null where it does not apply."""
    found = read_json(store.data("mix", "collapse.json"))
    rows = sum(ref.rows for ref in manifest.shards("mix/synthetic"))
    return pl.DataFrame([split(found if isinstance(found, dict) else {}, rows)], schema=SCHEMA)


def split(found: dict[str, Any], synthetic_rows: int) -> Row:
    """What the verdict says: refused, abstained for want of more than power, undecided for want of power, warned."""
    verdict = found.get("verdict") if isinstance(found.get("verdict"), str) else None
    reasons = [_reason(r) for r in found.get("reasons") or []]
    why = ", ".join(words for _, _, words in reasons) or "no reason given"
    abstains = {code for code, own, _ in reasons if own in (None, "ABSTAIN")}
    weak = verdict == "ABSTAIN" and abstains == {"low_power"}
    return {
        "verdict": verdict,
        "refused": why if verdict == "REFUSE" else None,
        "abstained": why if verdict == "ABSTAIN" and not weak else None,
        "undecided_tokens": tokens(found) if weak else None,
        "unchecked_rows": synthetic_rows if "nothing_to_check" in {code for code, _, _ in reasons} else None,
        "warned": why if verdict == "WARN" or weak else None,
    }


def _reason(raw: object) -> tuple[str, str | None, str]:
    """(code, the verdict it asks for, words); a reason is a code, or a code with source, field, value and bound."""
    if not isinstance(raw, dict):
        return str(raw), None, str(raw)
    about = [f"{raw[k]}" for k in ("source", "field") if raw.get(k) is not None]
    figures = [f"{k} {raw[k]}" for k in ("value", "bound") if raw.get(k) is not None]
    details = ", ".join([*about, *figures])
    code = str(raw.get("code"))
    return code, raw.get("verdict"), f"{code} ({details})" if details else code


def tokens(found: dict[str, Any]) -> int:
    """Synthetic tokens of the sources that are not judged; -1, which no bound admits, where the file does not say."""
    total = found.get("synthetic_tokens")
    if isinstance(total, int):
        return total
    sources = found.get("sources")
    every = list(sources.values()) if isinstance(sources, dict) else []
    parts = [(s.get("figures") or {}).get("tokens") for s in every if s.get("verdict") in (None, "ABSTAIN")]
    known = [n for n in parts if isinstance(n, int)]
    return sum(known) if known and len(known) == len(parts) else -1
