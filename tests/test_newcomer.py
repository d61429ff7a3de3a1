"""What the README promises a newcomer: a signal is one function and one line in params.yaml."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import yaml

ROOT = Path(__file__).resolve().parent.parent
SIGNAL = '''

def exclamation_share() -> Real:
    """Exclamation marks per character, in [0, 1]; null for an empty text."""
    length = pl.col("text").str.len_chars()
    return pl.when(length > 0).then(pl.col("text").str.count_matches("!", literal=True) / length)
'''


def test_a_signal_is_one_function_and_one_line(fresh) -> None:
    for name in ("stages", "pipelines"):
        shutil.copytree(ROOT / name, fresh.root / name, ignore=shutil.ignore_patterns("__pycache__", "*.nb?"))
    module = fresh.root / "stages/quality/signals/c4.py"
    module.write_text(module.read_text() + SIGNAL)
    fresh.raw["quality"]["signals"]["exclamation_share"] = {"max": 0.0}
    (fresh.root / "params.yaml").write_text(yaml.safe_dump(fresh.raw, sort_keys=False))
    rates = fresh.root / ".run/rates.jsonl"
    before = len(rates.read_text().splitlines())
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.quality"],
        cwd=fresh.root,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    worked = [json.loads(line)["family"] for line in rates.read_text().splitlines()[before:]]
    assert worked == ["signals/c4", "decisions"], "no other family is measured again"
    shares = pl.read_parquet(fresh.root / "data/quality/signals/c4/*.parquet")["exclamation_share"]
    assert shares.dtype == pl.Float64
    assert shares.max() > 0
    decisions = pl.read_parquet(fresh.root / "data/quality/decisions/*.parquet")
    loud = decisions.filter(
        (pl.col("reason") == "exclamation_share_above") | pl.col("also").list.contains("exclamation_share_above")
    )
    assert loud.height == (shares > 0).sum()
