"""The rules of docs/internals/schema-rules.md on the catalogue; each returns what breaks it."""

import re
from collections.abc import Callable, Iterator

from house.catalogue import LEDGER_ROLE, SERVING_ROLES, WRITERS, Catalogue
from onecard.base.embedded import APPLICATION, ENGINE, OWNER
from onecard.base.schema_kinds import (
    LEDGER_TABLES,
    LIBRARY_SCHEMAS,
    LIBRARY_TABLES,
    LOCAL_TABLES,
    ROUTING_TABLES,
    SCHEMAS,
    TENANT_EXPRESSION,
    TENANT_TABLES,
)

TENANT_SEQUENCE = "tenants.tenant_ids"
HISTORY = (
    *("ledger.line", "ledger.refusal", "ledger.reversal", "ledger.batch"),
    *("devices.record", "devices.quarantine", "devices.dataset_change", "devices.write_off"),
    *("cards.custody_event", "audit.entry"),
)
# Where each column of a routing table comes from when the table is rebuilt
ROUTING_SOURCES: dict[str, dict[str, str]] = {
    "cards.route": {"uid": "cards.card.uid", "tenant_id": "cards.card.tenant_id"},
    "tenants.route": {
        "code": "tenants.tenant.code",
        "tenant_id": "tenants.tenant.tenant_id",
        "shard": "tenants.tenant.shard",
        "suspended": "tenants.tenant.state",
    },
    "devices.route": {
        "sn": "devices.device.sn",
        "tenant_id": "devices.device.tenant_id",
        "device_id": "devices.device.id",
        "token": "devices.device.token",
        "state": "devices.device.state",
        "changed_at": "devices.device.changed_at",
    },
    "devices.workstation_route": {
        "public_key": "devices.workstation.public_key",
        "tenant_id": "devices.workstation.tenant_id",
        "workstation_id": "devices.workstation.id",
        "token": "devices.workstation.token",
        "revoked_at": "devices.workstation.revoked_at",
        "changed_at": "devices.workstation.changed_at",
    },
    "devices.dataset_due": {
        "tenant_id": "devices.dataset_have.tenant_id",
        "next_at": "devices.dataset_have.next_at",
    },
}
# A library's tables keep the library's rules in these; kinds, rights, roles and views are ours everywhere
_LIBRARIES = tuple(f"{schema}." for schema in LIBRARY_SCHEMAS)
_POLICY = f"(tenant_id = ({TENANT_EXPRESSION}))"
Findings = Iterator[str]


def keys_begin_with_tenant(catalogue: Catalogue) -> Findings:
    """Rule 1: tenant_id bigint not null is the first column of tables and keys."""
    columns = {(c["relation"], c["name"]): c for c in catalogue.columns}
    with_primary_key = {i["relation"] for i in catalogue.unique_indexes if i["primary"]}
    tenants = {relation for relation, name in columns if name == "tenant_id"} | set(TENANT_TABLES)
    tenants -= {*ROUTING_TABLES, *LOCAL_TABLES}
    for table in tenants:
        column = columns.get((table, "tenant_id"))
        if not column or column["position"] != 1 or not column["required"] or column["default"]:
            yield f"{table}: the first column is not `tenant_id bigint not null` without a default"
        if table not in with_primary_key:
            yield f"{table}: no primary key"
    for column in catalogue.columns:
        if column["name"] == "tenant_id" and column["type"] != "bigint":
            yield f"{column['relation']}: tenant_id is {column['type']}, not bigint"
    for index in catalogue.unique_indexes:
        if index["relation"] in tenants and index["first"] != "tenant_id":
            yield f"{index['relation']}: {index['name']} does not begin with tenant_id"
    for key in catalogue.foreign_keys:
        if key["relation"] in tenants and {key["first"], key["target_first"]} != {"tenant_id"}:
            yield f"{key['relation']}: foreign key {key['name']} does not begin with tenant_id"


def tables_have_one_kind(catalogue: Catalogue) -> Findings:
    """Rule 2: each table is declared with exactly one kind, and each declared table exists."""
    declared = [*TENANT_TABLES, *ROUTING_TABLES, *LOCAL_TABLES, *LIBRARY_TABLES]
    existing = {table["name"] for table in catalogue.tables}
    yield from (
        f"{table}: declared with two kinds" for table in {t for t in declared if declared.count(t) > 1}
    )
    yield from (f"{table}: has no kind in base/schema_kinds.py" for table in existing - set(declared))
    yield from (f"{table}: declared but does not exist" for table in set(declared) - existing)
    strangers = {row["name"] for row in catalogue.schemas} - {*SCHEMAS, *LIBRARY_SCHEMAS, "public"}
    yield from (f"schema {name}: not in base/schema_kinds.py" for name in strangers)
    with_tenant = {c["relation"] for c in catalogue.columns if c["name"] == "tenant_id"}
    for table in with_tenant & set(LOCAL_TABLES | LIBRARY_TABLES):
        yield f"{table}: holds tenant_id but is declared local"


def foreign_keys_stay_inside(catalogue: Catalogue) -> Findings:
    """Rule 3: no key from routing or local tables into tenants' tables; nothing is set to null or default."""
    for key in catalogue.foreign_keys:
        name = f"{key['relation']}: foreign key {key['name']}"
        if key["relation"] not in TENANT_TABLES and key["target"] in TENANT_TABLES:
            yield f"{name} points from outside to tenant table {key['target']}"
        if key["relation"] in TENANT_TABLES and key["target"] not in TENANT_TABLES:
            yield f"{name} points from a tenant table to {key['target']}, which is none"
        library = key["relation"].startswith(_LIBRARIES)
        if {key["on_delete"], key["on_update"]} & {"n", "d"} and not library:
            yield f"{name} sets columns to null or default"


def routing_can_be_rebuilt(catalogue: Catalogue) -> Findings:
    """Rule 4: routing tables have no foreign keys and no column that is not kept in a tenant table."""
    for key in catalogue.foreign_keys:
        if {key["relation"], key["target"]} & set(ROUTING_TABLES):
            yield f"{key['relation']}: foreign key {key['name']} touches a routing table"
    existing = {f"{c['relation']}.{c['name']}" for c in catalogue.columns}
    for column in catalogue.columns:
        if column["relation"] in ROUTING_TABLES:
            source = ROUTING_SOURCES.get(column["relation"], {}).get(column["name"])
            if source is None or source not in existing:
                yield f"{column['relation']}.{column['name']}: no tenant table can rebuild it"


def ids_are_wide(catalogue: Catalogue) -> Findings:
    """Rule 5: ids are uuid or bigint, numbered by identity; one sequence stands alone, for tenants."""
    numbered = {sequence["column"] for sequence in catalogue.sequences}
    for column in catalogue.columns:
        if column["relation"].startswith(_LIBRARIES):
            continue
        name = f"{column['relation']}.{column['name']}"
        is_id = column["name"] == "id" or column["name"].endswith("_id")
        if (is_id or column["identity"]) and column["type"] not in {"bigint", "uuid"}:
            yield f"{name}: an id of type {column['type']}"
        if "nextval(" in column["default"]:
            yield f"{name}: serial instead of identity"
        if column["identity"] and name not in numbered:
            yield f"{name}: its identity has no sequence of its own"
    for sequence in catalogue.sequences:
        if sequence["name"].startswith(_LIBRARIES):
            continue
        if not sequence["column"] and sequence["name"] != TENANT_SEQUENCE:
            yield f"{sequence['name']}: a sequence of the whole installation"
        if sequence["type"] != "bigint":
            yield f"{sequence['name']}: counts in {sequence['type']}"


def nothing_hangs_on_triggers(catalogue: Catalogue) -> Findings:
    """Rule 9: invariants are constraints, grants and functions; there is no trigger or rule at all."""
    for row in catalogue.triggers:
        if not row["relation"].startswith(_LIBRARIES):
            yield f"{row['relation']}: trigger or rule {row['name']}"


def rights_are_as_declared(catalogue: Catalogue) -> Findings:
    """Rule 9: the application may do what base/schema_kinds.py says and nothing else; the engine nothing."""
    declared = dict(_declared(TENANT_TABLES | ROUTING_TABLES | LOCAL_TABLES | LIBRARY_TABLES))
    held: dict[tuple[str, str], set[str]] = {}
    for row in catalogue.rights:
        if row["role"] == ENGINE:
            yield f"{ENGINE} may {row['right']} {row['relation']} {row['column']}".rstrip()
        if row["role"] == APPLICATION:
            held.setdefault((row["relation"], row["right"]), set()).add(row["column"])
    for relation, right in sorted(held.keys() | declared.keys()):
        has, should = held.get((relation, right)), declared.get((relation, right))
        if has != should:
            yield f"{APPLICATION} has {right} on {relation} for {has}, declared for {should}"


def _declared(tables: dict[str, str]) -> Iterator[tuple[tuple[str, str], set[str]]]:
    for table, rights in tables.items():
        for right, columns in re.findall(r"(\w+)(?: \(([^)]*)\))?(?:, |$)", rights):
            yield (table, right), set(columns.split(", "))


def history_is_append_only(catalogue: Catalogue) -> Findings:
    """Rule 9: nobody who serves may change, delete or empty history; ledger and audit have a writer each."""
    for row in catalogue.rights:
        name = f"{row['role']} may {row['right']} {row['relation']} {row['column']}".rstrip()
        if row["right"] in {"truncate", "trigger", "references", "maintain"}:
            yield name
        if row["relation"] in HISTORY and row["right"] in {"update", "delete"}:
            yield name
        writer = WRITERS.get(row["relation"].split(".")[0])
        if writer and row["right"] != "select" and row["role"] != writer:
            yield name
        if writer and row["right"] == "delete":
            yield name
        route = (row["role"], row["relation"], row["right"]) == (LEDGER_ROLE, "tenants.route", "select")
        if row["role"] in WRITERS.values() and row["role"] != writer and not route:
            yield name


def roles_are_powerless(catalogue: Catalogue) -> Findings:
    """Rules 9, 10: the roles that serve own nothing but the writing functions and can become nobody else."""
    for role in catalogue.roles:
        if role["name"] not in SERVING_ROLES:
            continue
        yield from (f"{role['name']}: has {power}" for power in role["powers"])
        yield from (f"{role['name']}: is a member of {group}" for group in role["member_of"])
        if role["name"] in WRITERS.values() and role["login"]:
            yield f"{role['name']}: can sign in"
    yield from (
        f"{role}: does not exist" for role in set(SERVING_ROLES) - {r["name"] for r in catalogue.roles}
    )
    for thing in catalogue.owned:
        writing = thing["role"] in WRITERS.values() and thing["kind"] == "function"
        if thing["role"] != OWNER and not writing:
            yield f"{thing['role']}: owns {thing['kind']} {thing['name']}"


def views_ask_the_caller(catalogue: Catalogue) -> Findings:
    """Rule 9: views see with the caller's eyes, and nothing keeps tenants' rows outside row security."""
    for relation in catalogue.relations:
        if relation["kind"] == "m":
            yield f"{relation['name']}: a materialized view"
        if relation["kind"] == "v" and "security_invoker=true" not in relation["options"]:
            yield f"{relation['name']}: a view without security_invoker = true"


def definer_functions_are_the_writers(catalogue: Catalogue) -> Findings:
    """Rule 9: functions with other rights belong to ledger or audit, are pinned and closed to the public."""
    for function in catalogue.functions:
        name = function["name"]
        if function["definer"] and function["owner"] != WRITERS.get(function["schema"], ""):
            yield f"{name}: SECURITY DEFINER outside ledger and audit"
        if function["definer"] and "search_path=pg_catalog" not in function["settings"]:
            yield f"{name}: search_path is not pinned"
        if function["definer"] and function["anybody"]:
            yield f"{name}: anybody may call it"
        if function["application"] and function["engine"]:
            yield f"{name}: both the application and the engine may call it"


def policies_fail_closed(catalogue: Catalogue) -> Findings:
    """Rule 10: forced row security, one policy that shows nothing without a tenant, one for the ledger."""
    forced = {table["name"] for table in catalogue.tables if table["secured"] and table["forced"]}
    yield from (f"{table}: row security is not forced" for table in TENANT_TABLES if table not in forced)
    found: dict[str, list[str]] = {}
    for policy in catalogue.policies:
        name, relation = policy["name"], policy["relation"]
        found.setdefault(relation, []).append(name)
        expected = {
            "one_tenant": ("*", True, ["public"], _normal(_POLICY), _normal(_POLICY)),
            "ledger_writer": ("*", True, [LEDGER_ROLE], "true", "true"),
        }.get(name)
        seen, written = _normal(policy["seen"]), _normal(policy["written"])
        if (policy["command"], policy["permissive"], policy["roles"], seen, written) != expected:
            yield f"{relation}: policy {name} is not the one declared"
    for table in TENANT_TABLES:
        should = ["ledger_writer", "one_tenant"] if table in LEDGER_TABLES else ["one_tenant"]
        if sorted(found.get(table, [])) != should:
            yield f"{table}: policies are {sorted(found.get(table, []))}, not {should}"


def _normal(expression: str) -> str:
    """Expression without what PostgreSQL adds when it prints it."""
    return re.sub(r"::text|[()\s]", "", expression).lower()


RULES: dict[str, Callable[[Catalogue], Findings]] = {
    "1 keys begin with the tenant": keys_begin_with_tenant,
    "2 tables have one declared kind": tables_have_one_kind,
    "3 foreign keys stay inside tenants": foreign_keys_stay_inside,
    "4 routing can be rebuilt": routing_can_be_rebuilt,
    "5 ids are wide": ids_are_wide,
    "9 nothing hangs on triggers": nothing_hangs_on_triggers,
    "9 rights are as declared": rights_are_as_declared,
    "9 history is append-only": history_is_append_only,
    "9 views ask the caller": views_ask_the_caller,
    "9 definer functions are the writers'": definer_functions_are_the_writers,
    "9 and 10 roles are powerless": roles_are_powerless,
    "10 policies fail closed": policies_fail_closed,
}
