"""The section `dedup`: what cannot be meant is refused by name."""

import pytest
from pydantic import ValidationError

from stages.dedup import params
from stages.dedup.params import DedupParams

BASE = {"threshold": 0.8, "bands": 20, "rows": 6, "shingle": 5, "seed": 1, "scope": "global", "prefer": ("earliest",)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bands": 200, "rows": 60}, "bands x rows"),
        ({"scope": "groups"}, "groups must be named"),
        ({"groups": {"g": ("a",)}}, "groups must be named"),
        ({"scope": "groups", "groups": {"g": ("a",), "h": ("a",)}}, "'a' is in more than one group"),
        ({"prefer": ("source",)}, "prefer_sources must be named"),
        ({"prefer_hosts": ("a.example",)}, "prefer_hosts must be named"),
        ({"measure": "cosine"}, "measure"),
        ({"paragraphs": {"min_pages": 1}}, "min_pages"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        DedupParams.model_validate(BASE | change)


def test_each_part_holds_what_its_family_depends_on_and_no_more():
    one = DedupParams.model_validate(BASE)
    assert "threshold" not in params.key_params(one).model_dump()
    assert "threshold" not in params.set_params(one).model_dump()
    assert set(params.verify_params(one).model_dump()) == {"threshold", "measure", "bands", "prefer"}
    assert params.index_params(one).seed == 1
