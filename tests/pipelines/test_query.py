"""SQL over the tables: the answers, the limits, and what is not answered."""

import csv
import io
import json
import shutil
import socket

import polars as pl
import pytest

from pipelines import query
from pipelines.errors import BadInput
from pipelines.files import write_text
from pipelines.outputs import STAGES


def answer(told, sql: str, **options) -> list[tuple]:
    return list(query.ask(told.context(), sql, **options)[1])


@pytest.fixture
def say(told, monkeypatch, capsys):
    """The command in the sample's folder: (exit code, stdout, stderr)."""
    monkeypatch.setattr(query.context, "load", told.context)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = query.main(list(arguments))
        return (code, *capsys.readouterr())

    return call


VIEWS = {
    "documents": "extract/documents",
    "clusters": "dedup/clusters",
    "mixture": "mix/documents",
    "dispositions": "reports/dispositions",
    **{f"{stage}_decisions": f"{stage}/decisions" for stage in STAGES},
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_its_table(told, view) -> None:
    rows = answer(told, f"select doc_id from {view} order by doc_id")
    assert [r[0] for r in rows] == sorted(told.table(VIEWS[view])["doc_id"].to_list())
    assert rows


def test_shards_are_named(told) -> None:
    rows = answer(told, "select shard, count(*) from documents group by all order by all")
    assert rows == [(f"sample-0000{k}", n) for k, (_, n) in enumerate(rows)]
    assert sum(n for _, n in rows) == told.table("extract/documents").height


def test_signals_and_scores_are_joined_over_their_families(told) -> None:
    ((n, words, marks),) = answer(told, "select count(*), sum(word_count), sum(sentence_count) from signals")
    assert n == told.table("extract/documents").height
    assert words == told.table("quality/signals/gopher")["word_count"].sum()
    assert marks == told.table("quality/signals/c4")["sentence_count"].sum()
    ((both,),) = answer(told, "select count(*) from scores where quality_score > 0 and toxicity_score >= 0")
    assert 0 < both <= n
    ((edits,),) = answer(told, "select count(*) from edits where stage = 'toxicity'")
    assert edits == told.table("toxicity/edits").height


def test_only_what_a_manifest_names_is_seen(fresh) -> None:
    before = answer(fresh, "select count(*) from extract_decisions")
    folder = fresh.context().store.tables / "extract/decisions"
    shutil.copy(next(folder.glob("*.parquet")), folder / "stray.parquet")
    assert answer(fresh, "select count(*) from extract_decisions") == before


def test_tables_that_lie_elsewhere(pipeline, tmp_path) -> None:
    other = type(pipeline)(tmp_path / "here", pipeline.raw)
    other.raw["run"]["store"] = str(tmp_path / "there's a store")
    other.run("quality")
    rows = answer(other, "select shard, doc_id from quality_decisions order by all")
    assert [r[1] for r in sorted(rows)] and {r[0] for r in rows} == {f"sample-0000{k}" for k in range(3)}


REFUSED = (
    "copy (select 1) to 'data/x.csv'",
    "create table x as select 1",
    "insert into documents values (1)",
    "attach 'x.db'",
    "install httpfs",
    "load httpfs",
    "set memory_limit = '100GB'",
    "pragma database_list",
    "call pragma_version()",
    "explain analyze copy (select 1) to 'data/x.csv'",
    "select 1; select 2",
    "",
)


@pytest.mark.parametrize("sql", REFUSED)
def test_one_select_and_nothing_else(told, sql) -> None:
    with pytest.raises(BadInput):
        answer(told, sql)
    assert not list(told.root.glob("data/x*"))


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/hostname')",
        "select * from read_csv('{root}/params.yaml')",
        "select * from '{root}/.run/rates.jsonl'",
        "select * from read_text('{root}/data/../.run/rates.jsonl')",
        "select * from glob('/etc/*')",
        "select * from read_parquet('http://127.0.0.1:1/x.parquet')",
        "with t as (copy (select 1) to '{root}/data/x.csv') select * from t",
        "with t as (insert into x values (1) returning *) select * from t",
    ],
)
def test_nothing_outside_the_tables_is_read_and_nothing_written(told, sql) -> None:
    write_text(told.root / "params.yaml", "secret: 1\n")
    write_text(told.root / ".run/rates.jsonl", "{}\n")
    with pytest.raises(BadInput):
        answer(told, sql.format(root=told.root))
    assert not list(told.root.glob("data/x*"))


def test_no_network(told, monkeypatch) -> None:
    def refuse(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(BadInput, match="disabled by configuration"):
        answer(told, "select * from read_csv('https://example.com/x.csv')")
    settings = dict(answer(told, "select name, value from duckdb_settings()"))
    for name in ("autoinstall_known_extensions", "autoload_known_extensions", "enable_external_access"):
        assert settings[name] == "false"
    assert settings["lock_configuration"] == "true"
    assert settings["memory_limit"].startswith(("9", "1.0 G"))


def test_page_text_is_no_column_unless_asked_for(told) -> None:
    for view in ("documents", "mixture", "synthetic"):
        with pytest.raises(BadInput, match="text"):
            answer(told, f"select text from {view}")
        assert answer(told, f"select text from {view} limit 1", text=True)


def test_personal_data_and_marks_do_not_come_out(told, say) -> None:
    address = told.table("toxicity/edits").filter(kind="email")["doc_id"][0]
    sql = f"select text from documents where doc_id = '{address}'"
    for options in ([], ["--csv"], ["--json"]):
        code, out, _ = say(sql, "--text", *options)
        assert code == 0
        assert "@" not in out
        assert all(line.isprintable() for line in out.splitlines())
    code, out, _ = say("select 'a' || chr(27) || chr(8238) || 'b' as x, '=1+1' as y", "--csv")
    assert list(csv.reader(io.StringIO(out))) == [["x", "y"], ["a��b", "'=1+1"]]
    code, _, err = say("select cast('jane.doe@example.org' as int)")
    assert (code, "jane" in err) == (12, False)


def test_the_table_is_bounded_and_says_so(say) -> None:
    _, out, _ = say("select range as n, repeat('x', 100) as wide from range(60)")
    lines = out.splitlines()
    assert len(lines) == 2 + 50 + 1
    assert "only the first 50 rows" in lines[-1]
    assert max(map(len, lines)) <= 70
    _, out, _ = say("select null as nothing, 0.5 as half", "--rows", "1")
    assert out.splitlines()[2].split() == ["–", "0.5"]


def test_csv_and_json_have_every_row(say) -> None:
    _, out, _ = say("select range as n from range(2500)", "--csv")
    assert [row["n"] for row in csv.DictReader(io.StringIO(out))] == [str(n) for n in range(2500)]
    _, out, _ = say("select range as n, {'a': 1} as s from range(2)", "--json")
    assert [json.loads(line) for line in out.splitlines()] == [{"n": n, "s": '{"a": 1}'} for n in range(2)]


def test_columns_of_one_name_are_told_apart_in_json(say) -> None:
    _, out, _ = say("select 1 as a, 2 as a, 3 as a_1, 4 as a, 5 as b", "--json")
    assert json.loads(out) == {"a": 1, "a_2": 2, "a_1": 3, "a_3": 4, "b": 5}


def test_json_has_no_word_for_what_is_no_number(say) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    sql = "select 'nan'::double as a, '-inf'::float as b, 1.5 as c, {'d': ['inf'::double], 'e': 2.5::double} as s"
    _, out, _ = say(sql, "--json")
    row = json.loads(out, parse_constant=refuse)
    assert (row["a"], row["b"], row["c"]) == (None, None, 1.5)
    assert json.loads(row["s"], parse_constant=refuse) == {"d": [None], "e": 2.5}


def test_a_map_by_date_comes_out(say) -> None:
    code, out, _ = say("select map([date '2020-01-31', date '2020-02-01'], [1, 2]) as m", "--json")
    assert code == 0
    assert json.loads(json.loads(out)["m"]) == {"2020-01-31": 1, "2020-02-01": 2}


@pytest.mark.parametrize("form", ["--csv", "--json", "--rows=9999"])
def test_a_row_that_cannot_be_computed_is_an_error_of_the_question(say, form) -> None:
    sql = "select cast(case when range = 5000 then 'jane.doe@example.org' else '1' end as int) as n from range(10000)"
    code, _, err = say(sql, form)
    assert code == 12
    assert "Conversion Error" in err
    assert "Traceback" not in err
    assert "jane" not in err


@pytest.mark.parametrize("rows", ["-1", "99999999999999999999"])
def test_rows_that_cannot_be_counted_are_refused(say, rows) -> None:
    code, out, err = say("select 1", "--rows", rows)
    assert (code, out) == (12, "")
    assert f"--rows {rows}" in err
    assert "Traceback" not in err


def test_views_are_listed_with_their_columns(say) -> None:
    _, out, _ = say("--views")
    listed = {line.split(":")[0] for line in out.splitlines()}
    assert set(VIEWS) | {"signals", "scores", "edits", "look", "records", "sizes", "synthetic"} <= listed
    documents = next(line for line in out.splitlines() if line.startswith("documents:"))
    assert "n_tokens bigint" in documents and " text " not in documents
    assert say()[0] == 12


def test_stale_stages_are_said(fresh, monkeypatch, capsys) -> None:
    path = fresh.context().store.data("quality", "manifest.jsonl")
    write_text(path, path.read_text() + "\n")
    monkeypatch.setattr(query.context, "load", fresh.context)
    query.main(["select 1"])
    assert "STALE: dedup was made from an earlier state of quality" in capsys.readouterr().err


def test_the_answer_is_the_same_as_by_polars(told) -> None:
    rows = answer(told, "select reason, count(*) from quality_decisions where not keep group by 1 order by 1")
    table = told.table("quality/decisions").filter(~pl.col("keep"))["reason"].value_counts(sort=False).sort("reason")
    assert rows == table.rows()
