"""Makes the embedded server ready for the product (roles, database, schema) and gives the three logins."""

from dataclasses import dataclass

import asyncpg

from onecard.base.migrate import migrate
from onecard.base.pgserver import SUPERUSER, EmbeddedPostgres

DATABASE = "onecard"
OWNER, APPLICATION, ENGINE = "onecard_owner", "onecard_app", "onecard_engine"


@dataclass(frozen=True, slots=True)
class Logins:
    """Connection URLs by role; see ARCHITECTURE.md, “Who may do what in the database”."""

    owner: str
    application: str
    engine: str


def logins(server: EmbeddedPostgres, database: str = DATABASE) -> Logins:
    """The three logins of one database on the embedded server."""
    return Logins(
        server.url(OWNER, database), server.url(APPLICATION, database), server.url(ENGINE, database)
    )


async def prepare(server: EmbeddedPostgres, database: str = DATABASE) -> Logins:
    """Create roles and database when missing, then migrate. Repeating it changes nothing."""
    connection = await asyncpg.connect(server.url(SUPERUSER))
    try:
        if not await connection.fetchval("select 1 from pg_roles where rolname = $1", OWNER):
            await connection.execute(f"create role {OWNER} login createrole createdb")
        if not await connection.fetchval("select 1 from pg_database where datname = $1", database):
            await connection.execute(f'create database "{database}" owner {OWNER}')
    finally:
        await connection.close()
    urls = logins(server, database)
    await migrate(urls.owner)
    return urls
