"""`onecard people`: the template, the import, lists of persons, departments and classes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from onecard.base.db import Actor
from onecard.base.errors import OneCardError
from onecard.base.settings import load_settings
from onecard.base.vault import open_vault
from onecard.cli import output
from onecard.cli.output import Json
from onecard.cli.runtime import open_runtime, run_async
from onecard.cli.scope import TenantCode, tenant_scope
from onecard.desk.model import Verdict
from onecard.desk.people_import import Outcome, Progress, import_people
from onecard.desk.uploads import KINDS
from onecard.desk.workbooks import write_reasons, write_template
from onecard.people import service as people
from onecard.people.model import ClassDraft
from onecard.tenants import service as tenants

app = typer.Typer(help="Departments, account classes, persons, import.", no_args_is_help=True)

ACTOR = Actor("command", "people")
_STAGES = {"read": "Reading", "check": "Checking", "save": "Saving"}


@app.command()
def template(
    file: Annotated[Path, typer.Argument(help="Where to write it, ends in .xlsx.")],
    language: Annotated[str, typer.Option(help="zh-CN or en.")] = "zh-CN",
) -> None:
    """Write the empty workbook that `import` understands."""
    if file.suffix.lower() != ".xlsx" or language not in {"zh-CN", "en"}:
        message = f"The template is a .xlsx file in zh-CN or en, not {file.name} in {language}."
        raise OneCardError(message)
    _write(file, lambda: write_template(file, language))
    output.say(f"Written: {file}")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help=f"Workbook or table: {', '.join(KINDS)}.")],
    tenant: TenantCode,
    preview: Annotated[  # noqa: FBT002
        bool, typer.Option("--preview", help="Only say what would happen.")
    ] = False,
    all_or_nothing: Annotated[  # noqa: FBT002
        bool, typer.Option("--all-or-nothing", help="Save nothing when any row is wrong.")
    ] = False,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Import people; rows that are wrong come back in a workbook with their reasons."""
    run_async(_import(file, tenant, preview=preview, all_or_nothing=all_or_nothing, as_json=as_json))


async def _import(file: Path, code: str, *, preview: bool, all_or_nothing: bool, as_json: bool) -> None:
    settings = load_settings()
    async with open_runtime(settings) as runtime:
        route = await tenants.route(runtime.db, code, ACTOR)
        with _bars(hidden=as_json) as progress:
            outcome = await import_people(
                runtime.db,
                open_vault(settings),
                ACTOR,
                tenant_id=route.tenant_id,
                path=file,
                preview=preview,
                all_or_nothing=all_or_nothing,
                progress=progress,
            )
    reasons = await asyncio.to_thread(_write_reasons, file, outcome)
    counts = {verdict.value: count for verdict, count in outcome.plan.counts.items()}
    result = {**counts, "reasons": None if reasons is None else str(reasons), "applied": outcome.applied}
    output.show(result, as_json=as_json, sentence=_summary(outcome, reasons, preview=preview))
    if all_or_nothing and counts[Verdict.WRONG] and not preview:
        output.say("Nothing was saved, because some rows are wrong.")
        raise typer.Exit(1)


def _write_reasons(file: Path, outcome: Outcome) -> Path | None:
    if not outcome.plan.counts[Verdict.WRONG]:
        return None
    path = file.absolute().with_name(f"{file.stem}.reasons.xlsx")
    _write(path, lambda: write_reasons(path, outcome.sheet, outcome.plan, outcome.language))
    return path


def _write(path: Path, writer: Any) -> None:
    try:
        writer()
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise OneCardError(message) from None


def _summary(outcome: Outcome, reasons: Path | None, *, preview: bool) -> str:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in outcome.plan.counts.items())
    saved = outcome.plan.counts[Verdict.NEW] + outcome.plan.counts[Verdict.CHANGED]
    done = f"{saved} saved" if outcome.applied else ("preview, nothing saved" if preview else "nothing saved")
    return f"{counts} ({done})." + (f" Wrong rows with their reasons: {reasons}" if reasons else "")


@contextmanager
def _bars(*, hidden: bool) -> Iterator[Progress]:
    if hidden:
        yield lambda _done, _total, _stage: None
        return
    with output.progress() as bars:
        tasks = {stage: bars.add_task(text, total=None) for stage, text in _STAGES.items()}

        def progress(done: int, total: int, stage: str) -> None:
            bars.update(tasks[stage], completed=done, total=total)

        yield progress


@app.command("list")
def list_persons(
    tenant: TenantCode,
    search: Annotated[str, typer.Option(help="Part of a name, or the start of a number or phone.")] = "",
    after: Annotated[str, typer.Option(help="Last number of the page before.")] = "",
    most: Annotated[int, typer.Option(min=1, max=10_000, help="Length of the page.")] = 100,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """List persons by number."""

    async def rows() -> list[dict[str, Any]]:
        async with tenant_scope(tenant, ACTOR) as tx:
            tree = await people.departments(tx)
            classes = {each.id: each.name for each in await people.classes(tx)}
            return [
                {
                    "number": person.number,
                    "name": person.name,
                    "class": classes[person.class_id],
                    "department": tree.path(person.department_id),
                    "phone": person.phone,
                    "state": person.state,
                }
                for person in await people.persons(tx, search=search, after=after, most=most)
            ]

    output.show_rows("persons", run_async(rows()), as_json=as_json, empty="Nobody.")


@app.command()
def departments(tenant: TenantCode, as_json: Json = False) -> None:  # noqa: FBT002
    """Show the tree of departments."""

    async def rows() -> list[dict[str, Any]]:
        async with tenant_scope(tenant, ACTOR) as tx:
            tree = await people.departments(tx)
        return [
            {
                "code": each.code,
                "name": each.name if as_json else "  " * depth + each.name,
                "path": tree.path(each.id),
            }
            for depth, each in tree.outline()
        ]

    output.show_rows("departments", run_async(rows()), as_json=as_json)


@app.command()
def classes(tenant: TenantCode, as_json: Json = False) -> None:  # noqa: FBT002
    """Show the account classes with their limits in fen (0: none)."""

    async def rows() -> list[dict[str, Any]]:
        async with tenant_scope(tenant, ACTOR) as tx:
            return [
                {
                    "number": each.number,
                    "name": each.name,
                    "drawing": " ".join(each.drawing),
                    "floor_fen": each.floor_fen,
                    "transaction_limit_fen": each.transaction_limit_fen,
                    "meal_limit_fen": each.meal_limit_fen,
                    "meal_limit_count": each.meal_limit_count,
                    "day_limit_fen": each.day_limit_fen,
                    "day_limit_count": each.day_limit_count,
                }
                for each in await people.classes(tx)
            ]

    output.show_rows("classes", run_async(rows()), as_json=as_json)


@app.command()
def add_department(
    path: Annotated[str, typer.Argument(help="Names from below the root, joined by “/”.")],
    tenant: TenantCode,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Create a department, and its parents when they are missing."""

    async def work() -> int:
        async with tenant_scope(tenant, ACTOR) as tx:
            return await people.ensure_department(tx, path)

    output.show({"id": run_async(work()), "path": path}, as_json=as_json, sentence=f"There is {path}.")


@app.command()
def add_class(
    number: Annotated[int, typer.Argument(min=1)],
    name: Annotated[str, typer.Argument()],
    *,
    tenant: TenantCode,
    drawing: Annotated[str, typer.Option(help="Purses in drawing order.")] = "subsidy,bonus,cash",
    floor_fen: Annotated[int, typer.Option(min=0)] = 0,
    transaction_limit_fen: Annotated[int, typer.Option(min=0, help="0 means none, here and below.")] = 0,
    meal_limit_fen: Annotated[int, typer.Option(min=0)] = 0,
    meal_limit_count: Annotated[int, typer.Option(min=0)] = 0,
    day_limit_fen: Annotated[int, typer.Option(min=0)] = 0,
    day_limit_count: Annotated[int, typer.Option(min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Create an account class."""
    draft = ClassDraft(
        number=number,
        name=name,
        drawing=tuple(purse.strip() for purse in drawing.split(",")),
        floor_fen=floor_fen,
        transaction_limit_fen=transaction_limit_fen,
        meal_limit_fen=meal_limit_fen,
        meal_limit_count=meal_limit_count,
        day_limit_fen=day_limit_fen,
        day_limit_count=day_limit_count,
    )

    async def work() -> int:
        async with tenant_scope(tenant, ACTOR) as tx:
            return await people.create_class(tx, draft)

    output.show(
        {"id": run_async(work()), "number": number, "name": name},
        as_json=as_json,
        sentence=f"Created: {name}",
    )


@app.command()
def reindex(as_json: Json = False) -> None:  # noqa: FBT002
    """Index people by name and pinyin whose index is missing or of an older program; `serve` does it too."""

    async def work() -> int:
        async with open_runtime(load_settings()) as runtime:
            return await people.reindex(runtime.db, ACTOR)

    done = run_async(work())
    output.show({"indexed": done}, as_json=as_json, sentence=f"{done} people indexed.")
