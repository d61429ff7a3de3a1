"""`python -m pipelines.schema`: write params.schema.json, by which editors complete and check params.yaml.

Made from the types that check it on every run, so that it says nothing of its own. Bounds between keys (a minimum above
its maximum) are checked by the types alone.
"""

import sys
from pathlib import Path
from typing import Any

from pipelines.entry import guarded
from pipelines.files import write_json
from pipelines.store import ROOT
from stages.params import Params
from stages.quality.params import signal_names

NAME = "params.schema.json"


def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of params.yaml, with the signals that exist."""
    found: dict[str, Any] = Params.model_json_schema()
    found["$defs"]["QualityParams"]["properties"]["signals"]["propertyNames"] = {"enum": sorted(signal_names())}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def write(root: Path) -> Path:
    """Write it into a checkout."""
    path = root / NAME
    write_json(path, schema())
    return path


def main() -> int:
    """Write it into this checkout."""
    return guarded("schema", lambda: print(f"written: {write(ROOT).name}"))


if __name__ == "__main__":
    sys.exit(main())
