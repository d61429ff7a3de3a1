"""Cost: bytes from manifests on the page, seconds and money only where they are handed in."""

import json

from pipelines.files import append_line, write_json
from pipelines.reports import build, costs, facts
from pipelines.reports.costs import Clocked
from stages.params import Report
from tests.pipelines.made import Made, params

ROW = {"stage": "quality", "family": "scores", "shards": 3, "documents": 10, "documents_per_second": 5.0}
ROW |= {"seconds": 1800.0, "lanes": 4, "bytes": 2_000_000, "input_bytes": 3_500, "peak_mb": 300}


def test_of_each_family_the_last_run_counts_in_the_order_of_the_stages(tmp_path):
    for row in ({**ROW, "seconds": 9.0}, {**ROW, "stage": "extract", "family": "documents"}, ROW):
        append_line(tmp_path / "rates.jsonl", row)
    found = costs.read(tmp_path)
    assert [(r["stage"], r["seconds"]) for r in found.rates] == [("extract", 1800.0), ("quality", 1800.0)]
    assert costs.read(tmp_path / "nowhere") is None


def test_seconds_energy_and_money_are_those_of_the_rates(tmp_path):
    held = Report(watts_per_core=10, kwh_price=0.5, core_hour_price=2, grams_co2_per_kwh=100, currency="EUR")
    made = Made(tmp_path).write()
    page = costs.cost(facts.of(made.store), held, Clocked([ROW], {"quality/scores": {"seconds": 1700}}))
    assert ">7,200<" in page
    assert ">1,700<" in page
    for words in (">0.02 kWh<", ">2 g<", ">0.01 EUR<", ">4 EUR<", ">2 MB<", ">3.5 kB<"):
        assert words in page, words


def test_the_page_under_data_holds_no_clocked_figure_and_the_other_one_does(tmp_path):
    made = Made(tmp_path).write()
    before = build.build(made.store, params()).read_bytes()
    append_line(tmp_path / ".run" / "rates.jsonl", {**ROW, "seconds": 12345.0})
    write_json(tmp_path / ".run" / "plan.json", {"families": {"quality/scores": {"shards": 3, "seconds": 777.5}}})
    assert build.build(made.store, params()).read_bytes() == before
    timed = (tmp_path / ".run" / "report.html").read_text()
    assert "12,345" in timed
    assert "777.5" in timed
    assert "This machine, this run" in timed
    assert b"This machine" not in before


def test_rows_of_another_form_break_nothing(tmp_path):
    made = Made(tmp_path).write()
    (tmp_path / ".run").mkdir()
    (tmp_path / ".run" / "rates.jsonl").write_text(json.dumps({"stage": "other"}) + "\n")
    write_json(tmp_path / ".run" / "plan.json", ["no map"])
    build.build(made.store, params())
    assert "other/None" in (tmp_path / ".run" / "report.html").read_text()
