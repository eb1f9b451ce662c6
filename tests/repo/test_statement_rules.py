"""Rule 6 of docs/internals/schema-rules.md: each statement names its tenant; and the checker can tell."""

import re
from pathlib import Path

import pytest

from house.statement_rules import of_functions, of_queries, sql_files
from onecard.base.schema_kinds import TENANT_TABLES

SOURCE = Path(__file__).parents[2] / "src" / "onecard"
FILES = dict(sql_files(SOURCE))
QUERIES = {
    f"{path.parent.name}.{block.split('(', 1)[0]}": f"-- name: {block}"
    for path in FILES
    if path.name != "functions.sql"
    for block in re.split(r"^-- name: ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
}
_TIE = re.compile(r"(\b\w+\.)?(\btenant_id) = :tenant_id\b")
_TABLE = re.compile("|".join(rf"\b{table}\b" for table in TENANT_TABLES))

BROKEN_QUERIES = {
    "no where": "select * from people.person",
    "another column": "select * from people.person where id = :tenant_id",
    "another parameter": "select * from people.person where tenant_id = :id",
    "a constant": "select * from people.person where tenant_id = 1",
    "a range": "select * from people.person where tenant_id >= :tenant_id",
    "an or": "select * from people.person where tenant_id = :tenant_id or phone = :phone",
    "a not": "select * from people.person where not (tenant_id = :tenant_id)",
    "itself": "select * from people.person where tenant_id = tenant_id",
    "one side of a join": (
        "select * from people.person p join cards.card c on c.person_id = p.id where p.tenant_id = :tenant_id"
    ),
    "a comma join": (
        "select * from people.person p, cards.card c where p.tenant_id = :tenant_id and c.person_id = p.id"
    ),
    "a left join": (
        "select * from people.person p left join cards.card c on c.person_id = p.id"
        " where p.tenant_id = :tenant_id"
    ),
    "a sub-query": (
        "select * from people.person p where p.tenant_id = :tenant_id"
        " and exists (select from cards.card c where c.person_id = p.id)"
    ),
    "a scalar sub-query": "select (select count(*) from cards.card)",
    "a sub-query in from": "select * from (select * from cards.card) c where c.tenant_id = :tenant_id",
    "a common table": "with c as (select * from cards.card) select * from c where tenant_id = :tenant_id",
    "a union": (
        "select id from cards.card where tenant_id = :tenant_id union all select id from people.person"
    ),
    "an update": "update cards.card set state = 'lost' where uid = :uid",
    "an update from": (
        "update cards.card c set state = 'lost' from people.person p"
        " where p.tenant_id = :tenant_id and p.id = c.person_id"
    ),
    "a delete": "delete from people.department where id = :id",
    "a delete using": (
        "delete from people.department d using people.person p where d.tenant_id = :tenant_id"
        " and p.department_id = d.id"
    ),
    "an insert without the column": "insert into people.department values (:tenant_id)",
    "an insert with a constant": "insert into people.department (tenant_id, code, name) values (1, 'a', 'b')",
    "another parameter inserted": "insert into people.department (code, tenant_id) values (:tenant_id, :i)",
    "a merge": (
        "merge into cards.card c using people.person p on c.person_id = p.id when matched then delete"
    ),
    "a truncate": "truncate people.department",
}
GOOD_QUERIES = {
    "a join on the tenant": (
        "select * from people.person p join cards.card c on c.tenant_id = p.tenant_id and c.person_id = p.id"
        " where p.tenant_id = :tenant_id"
    ),
    "a join using the tenant": (
        "select * from people.person p join cards.card c using (tenant_id) where p.tenant_id = :tenant_id"
    ),
    "a correlated sub-query": (
        "select * from people.person p where p.tenant_id = :tenant_id"
        " and exists (select from cards.card c where c.tenant_id = p.tenant_id and c.person_id = p.id)"
    ),
    "a common table": ("with c as (select * from cards.card where tenant_id = :tenant_id) select * from c"),
    "a routing table": "select * from tenants.route where code = :code",
    "an insert from rows": (
        "insert into people.department (tenant_id, code, name)"
        " select :tenant_id, w.code, w.code from unnest(:codes::text[]) w (code)"
    ),
}
BROKEN_BODIES = {
    "no where": "select balance_fen from ledger.book",
    "rows not joined by tenant": (
        "select 1 from unnest(a_tenant, a_id) w (tenant_id, id) join ledger.book b on b.id = w.id"
    ),
    "one table not joined by tenant": (
        "select 1 from ledger.book b join ledger.line l on l.debit_book = b.id where b.tenant_id = a_tenant"
    ),
    "another argument": "select 1 from ledger.book b where b.tenant_id = a_account",
    "a local table": "select 1 from ledger.head h join ledger.book b on b.tenant_id = h.shard",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_statements_name_their_tenant(path: Path) -> None:
    assert FILES[path] == []


@pytest.mark.parametrize("name", [name for name, text in QUERIES.items() if _TABLE.search(text)])
def test_each_query_is_noticed_when_it_forgets_its_tenant(name: str) -> None:
    text = QUERIES[name]
    for tie in _TIE.finditer(text):
        # still uses the parameter, but no longer to choose one tenant
        broken = f"{text[: tie.end(2)]} >= :tenant_id{text[tie.end() :]}"
        assert list(of_queries(broken)), broken


@pytest.mark.parametrize("sql", BROKEN_QUERIES.values(), ids=BROKEN_QUERIES)
def test_broken_query_is_noticed(sql: str) -> None:
    assert list(of_queries(f"-- name: broken\n{sql};\n"))


@pytest.mark.parametrize("sql", GOOD_QUERIES.values(), ids=GOOD_QUERIES)
def test_good_query_passes(sql: str) -> None:
    assert list(of_queries(f"-- name: good\n{sql};\n")) == []


@pytest.mark.parametrize("sql", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
@pytest.mark.parametrize("language", ["sql", "plpgsql"])
def test_broken_function_is_noticed(sql: str, language: str) -> None:
    body = sql if language == "sql" else f"begin perform 1; if exists ({sql}) then {sql}; end if; end"
    text = f"create function f(a_tenant bigint) returns void language {language} as $$ {body} $$;"
    assert list(of_functions(text))


def test_a_statement_made_at_run_time_is_noticed() -> None:
    body = "begin execute 'delete from ledger.' || a_table; end"
    text = f"create function f(a_table text) returns void language plpgsql as $$ {body} $$;"
    assert list(of_functions(text))


def test_a_function_is_noticed_when_it_forgets_its_tenant() -> None:
    text = (SOURCE / "ledger" / "functions.sql").read_text(encoding="utf-8")
    ties = list(re.finditer(r"\w\.tenant_id = (\w\.\w+|\w_tenant\b(\[i\])?)", text))
    assert len(ties) > 10
    for tie in ties:
        assert list(of_functions(f"{text[: tie.start()]}true{text[tie.end() :]}")), tie.group()
