"""How far a run is: a line on a terminal, JSON lines in `.run/progress.jsonl`, rates in `.run/rates.jsonl`."""

import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pipelines.files import append_line
from pipelines.work import Job, Receipt, input_bytes
from stages.census import pick

EVERY = 2.0  # seconds between lines where stderr is no terminal


class Progress:
    """Counts the shards of one family as they end. `how`: what else the rates of a run must be read with."""

    def __init__(
        self, run_dir: Path, stage: str, family: str, total: int, how: Mapping[str, object] | None = None
    ) -> None:
        self.how = dict(how or {})
        self.run_dir, self.stage, self.family, self.total = run_dir, stage, family, total
        self.start = self.said = time.monotonic()
        self.done = self.failed = self.documents = self.rejected = self.n_bytes = self.input_bytes = 0
        self.tables: Counter[str] = Counter()
        self.peak_mb = 0

    def ended(self, job: Job, receipt: Receipt | None, peak_mb: int) -> None:
        """One shard ended, well (with its receipt) or not."""
        self.done += 1
        self.peak_mb = max(self.peak_mb, peak_mb)
        if receipt is None:
            self.failed += 1
        else:
            rows = pick(receipt.counts, "rows")
            self.documents += max([out.ref.rows for out in receipt.outputs], default=0)
            self.n_bytes += sum(out.ref.n_bytes for out in receipt.outputs)
            self.input_bytes += input_bytes(job)
            self.tables.update({out.ref.table: out.ref.n_bytes for out in receipt.outputs})
            self.rejected += rows.get("rejected", 0)
        self._say(last=self.done == self.total)

    def _say(self, *, last: bool) -> None:
        now = time.monotonic()
        if last or now - self.said >= EVERY:
            self.said = now
            row = self._row(now)
            append_line(self.run_dir / "progress.jsonl", row)
            if sys.stderr.isatty():
                print(f"\r\x1b[K{_line(row)}", end="\n" if last else "", file=sys.stderr, flush=True)
            else:
                print(_line(row), file=sys.stderr, flush=True)
        if last:
            append_line(self.run_dir / "rates.jsonl", self._row(now) | self._rates())

    def _rates(self) -> dict[str, object]:
        sizes = {"bytes": self.n_bytes, "input_bytes": self.input_bytes, "tables": dict(sorted(self.tables.items()))}
        return {**sizes, "peak_mb": self.peak_mb, **self.how}

    def _row(self, now: float) -> dict[str, object]:
        seconds = max(now - self.start, 1e-6)
        return {
            "stage": self.stage,
            "family": self.family,
            "shards": self.done,
            "of": self.total,
            "failed": self.failed,
            "documents": self.documents,
            "rejected": self.rejected,
            "seconds": round(seconds, 2),
            "documents_per_second": round(self.documents / seconds, 1),
            "seconds_left": round(seconds / self.done * (self.total - self.done), 1),
        }


def _line(row: dict[str, object]) -> str:
    failed = f", {row['failed']} failed" if row["failed"] else ""
    return (
        f"{row['stage']} {row['family']}: {row['shards']}/{row['of']} shards{failed}, {row['documents']} rows, "
        f"{row['rejected']} rejected, {row['documents_per_second']}/s, {row['seconds_left']} s left"
    )
