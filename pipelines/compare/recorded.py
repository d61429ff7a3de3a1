"""The recipe that a run was made with: what dvc.lock says each stage was given, where params.yaml may have moved on.

What no stage of dvc.yaml lists among its params (the files of `input`, `run`) is in no dvc.lock: there params.yaml is
all there is.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

_READERS = ("dispositions", "report", "card")  # given what others were made with, and older where they ran earlier


class _Yaml12(yaml.CSafeLoader):
    """YAML 1.2, as DVC writes it: `no` there is the string that Norwegian is called by, to PyYAML a false."""


_Yaml12.yaml_implicit_resolvers = {}  # those of YAML 1.1
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?[0-9]+", [*"-+0123456789"]),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
):
    _Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first)


def stages_of(lock: str) -> Mapping[str, Any]:
    """The stages of a dvc.lock; none of an empty one. Raises yaml.YAMLError where it is none."""
    found = yaml.load(lock, _Yaml12)  # a safe loader, with other scalars
    stages = found.get("stages", {}) if isinstance(found, dict) else found or {}
    if not isinstance(stages, dict):
        raise yaml.YAMLError("it holds no stages")
    return stages


def recipe(params: Mapping[str, Any], stages: Mapping[str, Any]) -> dict[str, Any]:
    """params.yaml as plain values with what the stages were given in place of what it says now."""
    out = dict(params)
    for name in sorted(stages, key=lambda name: name not in _READERS):  # the stage itself comes last and stands
        for key, value in (stages[name].get("params") or {}).get("params.yaml", {}).items():
            _put(out, key.split("."), value)
    return out


def _put(values: dict[str, Any], key: list[str], value: Any) -> None:
    """Set a key below others, without a change to the dicts that were given."""
    first, *rest = key
    if rest:
        inner = values.get(first)
        values[first] = dict(inner) if isinstance(inner, dict) else {}
        _put(values[first], rest, value)
    else:
        values[first] = value
