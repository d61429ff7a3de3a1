"""What every command pays before it does anything."""

import subprocess
import sys

HEAVY = "{'polars', 'pyarrow', 'numpy', 'numba', 'ray', 'duckdb', 'great_expectations', 'fasttext'}"


def test_run_and_inputs_start_without_engines(checkout) -> None:
    """They run before every pipeline, also one with nothing to do: what they import is paid each time."""
    code = (
        "import sys; from pipelines import context, inputs, run; ctx = context.load(); inputs.resolve(ctx); "
        f"run._summary(ctx); print(sorted({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout.root, env=checkout.env(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
