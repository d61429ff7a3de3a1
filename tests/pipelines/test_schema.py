"""The JSON schema of params.yaml: current, in agreement with the types, and named where editors look."""

import copy
import json

import pytest
import yaml

from pipelines import schema
from pipelines.store import ROOT
from stages.params import BadParams, parse

jsonschema = pytest.importorskip("jsonschema")
RAW = yaml.safe_load((ROOT / "params.yaml").read_text())


def faults(raw):
    return list(jsonschema.Draft202012Validator(schema.schema()).iter_errors(raw))


def test_the_committed_schema_is_current():
    assert json.loads((ROOT / schema.NAME).read_text()) == schema.schema(), "run python -m pipelines.schema"


def test_params_name_their_schema_in_the_first_line():
    assert (ROOT / "params.yaml").read_text().startswith(f"# yaml-language-server: $schema={schema.NAME}\n")


def test_the_recipe_as_it_is_passes():
    assert not faults(RAW)


@pytest.mark.parametrize(
    "bend",
    [
        lambda raw: raw["dedup"].update(thresold=0.7),
        lambda raw: raw["quality"]["signals"].update(word_cuont={"min": 1}),
        lambda raw: raw["run"].update(workers="many"),
        lambda raw: raw["report"].update(examples_per_reason=99),
        lambda raw: raw.pop("extract"),
    ],
)
def test_what_the_types_refuse_the_schema_refuses(bend):
    raw = copy.deepcopy(RAW)
    bend(raw)
    assert faults(raw)
    with pytest.raises(BadParams):
        parse(raw)


def test_it_is_written_where_it_is_looked_for(tmp_path):
    assert schema.write(tmp_path) == tmp_path / "params.schema.json"
