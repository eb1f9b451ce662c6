"""The first run: an institution, its first administrator, and an example to play with if wanted."""

from dataclasses import asdict, dataclass

from onecard.base.db import Actor, Database, Tx
from onecard.base.vault import Vault
from onecard.desk.examples import WORKBOOK, furnish_example
from onecard.desk.new_tenant import open_tenant
from onecard.desk.people_import import import_rows, read_people
from onecard.tenants.model import Profile
from onecard.tenants.operators.model import NewOperator
from onecard.tenants.operators.roles import create_first_administrator


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """Who signs in first, with a password of their own."""

    name: str
    password: str


async def first_run(
    db: Database, vault: Vault, actor: Actor, *, code: str, profile: Profile, administrator: Administrator,
    example: bool,
) -> NewOperator:  # fmt: skip
    """Create the institution and its first administrator, all or nothing.

    Args:
        db: the database.
        vault: seals what the example's people carry.
        actor: who does it.
        code: four digits.
        profile: of the institution.
        administrator: whom it begins with.
        example: 500 people, departments, classes, meals and merchants to try everything with.

    Raises:
        OneCardError: code, profile, name or password cannot be taken.
        ConflictError: the code is taken.
    """
    made: list[NewOperator] = []
    people = await read_people(WORKBOOK) if example else None

    async def also(tx: Tx) -> None:
        made.append(await create_first_administrator(tx, administrator.name, administrator.password))
        if people is not None:
            await furnish_example(tx)
            await import_rows(tx, vault, *people)

    await open_tenant(db, actor, code=code, also=also, **asdict(profile))
    return made[0]
