"""The queue's own tables, from the schema that the installed library brings, in a schema of their own.

They hold which job waits (tenant and number), which worker works, and nothing about anybody. The library's
functions name its tables without a schema, so each gets a pinned search path.
"""

import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from onecard.base.schema_kinds import LIBRARY_TABLES

SCHEMA = "procrastinate"
_PIN_FUNCTIONS = """
do $pin$
declare f regprocedure;
begin
  for f in select p.oid from pg_proc p where p.pronamespace = 'procrastinate'::regnamespace loop
    execute format('alter function %s set search_path = procrastinate, pg_temp', f);
    execute format('revoke all on function %s from public', f);
    execute format('grant execute on function %s to onecard_app', f);
  end loop;
end $pin$;
"""


async def install_queue(connection: Any) -> None:
    """Make the queue's schema, or bring it to the installed version; inside the caller's transaction."""
    library = distribution("procrastinate")
    folder = Path(str(library.locate_file("procrastinate/sql")))
    made_by = await connection.fetchval(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = $1", SCHEMA
    )
    if made_by == library.version:
        return
    if made_by is None:
        await connection.execute(f"create schema {SCHEMA}")
    await connection.execute(f"set local search_path = {SCHEMA}, pg_temp")
    for file in [folder / "schema.sql"] if made_by is None else _newer(folder, made_by):
        await connection.execute(file.read_text(encoding="utf-8"))
    await connection.execute(_PIN_FUNCTIONS)
    await connection.execute(_grants())
    await connection.execute("set local search_path to default")
    await connection.execute(f"comment on schema {SCHEMA} is '{library.version}'")


def _newer(folder: Path, version: str) -> list[Path]:
    """The library's migrations (`03.04.00_01_name.sql`) that came after a version, in order."""
    return sorted(
        file for file in (folder / "migrations").glob("*.sql") if _numbers(file.name) > _numbers(version)
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text.split("_", 1)[0]))


def _grants() -> str:
    statements = [
        f"revoke all on all tables in schema {SCHEMA} from public;",
        f"grant usage on schema {SCHEMA} to onecard_app;",
        f"grant usage on all sequences in schema {SCHEMA} to onecard_app;",
        *(f"grant {rights} on {table} to onecard_app;" for table, rights in LIBRARY_TABLES.items()),
    ]
    return "\n".join(statements)
