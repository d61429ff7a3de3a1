"""The entry point of the report."""

from pipelines import report
from pipelines.context import Context
from pipelines.store import Store
from tests.pipelines.made import params


def test_the_page_is_built_where_it_belongs(tmp_path):
    report.run(Context(tmp_path, params(), Store.at(tmp_path, "data")))
    assert (tmp_path / "data" / "reports" / "index.html").read_text().startswith("<!doctype html>")
