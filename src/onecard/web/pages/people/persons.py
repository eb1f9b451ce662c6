"""Personnel files (人员档案): the list beside the tree of departments, the form, what is done to many."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from onecard.base.db import Row, Tx
from onecard.base.listing import Wish
from onecard.base.texts import Text, say, say_in
from onecard.desk import personnel
from onecard.people import classes, departments, fields, persons
from onecard.people.lists import PERSONS
from onecard.people.model import CustomField, DepartmentLine, PersonState
from onecard.tenants.functions import F
from onecard.web.kit import search
from onecard.web.kit.columns import Column, Show, Word
from onecard.web.kit.filters import Query
from onecard.web.kit.screen import Screen
from onecard.web.kit.views import Button, Cell, Found, Look, TreeNode, TreeView
from onecard.web.kit.visit import Visit
from onecard.web.pages.people import imports, person_actions, person_bulk, person_page
from onecard.web.pages.people.person_form import (
    GENDERS,
    PersonBasics,
    PersonForm,
    StoredPerson,
    choices,
    custom_of,
    custom_words,
    draft,
    values,
    with_custom,
)
from onecard.web.pages.people.person_words import PATH, STATE_WORDS

DEPARTMENT = "department"
_FOUND_MOST = 6


# --- the form -----------------------------------------------------------------------------------------------


async def load(tx: Tx, visit: Visit, key: int) -> Mapping[str, Any]:
    """Values of the form."""
    return values(await persons.get(tx, key, vault=visit.services.vault, departments=visit.scope))


async def create(tx: Tx, visit: Visit, form: PersonBasics) -> int:
    """Make a file, and an account."""
    return await personnel.create_person(tx, visit.services.vault, draft(form), departments=visit.scope)


async def save(tx: Tx, visit: Visit, key: int, form: PersonBasics) -> None:
    """Change a file, unless somebody else did meanwhile."""
    await persons.change(
        tx, visit.services.vault, key, draft(form), version=form.version, departments=visit.scope
    )


# --- the list -----------------------------------------------------------------------------------------------


def arguments(visit: Visit, query: Query) -> Mapping[str, Any]:
    """What is searched, the chosen department, whose people may be seen."""
    department = query.one(DEPARTMENT)
    return {
        "search": query.one("q"),
        "department": int(department) if department.isdigit() and len(department) < 19 else None,  # noqa: PLR2004  a bigint
        "departments": visit.scope,
    }


async def tree(tx: Tx, visit: Visit, query: Query) -> TreeView:
    """The departments with how many people are in and below each."""
    lines = await departments.outline(tx, departments=visit.who.department_ids)
    chosen = query.one(DEPARTMENT)
    return TreeView("departments", visit.say(say("Departments")), _nodes(lines, query, chosen))


def _nodes(lines: Sequence[DepartmentLine], query: Query, chosen: str) -> tuple[TreeNode, ...]:
    """Lines in the order of the tree as nodes in each other."""
    levels: list[list[TreeNode]] = [[]]
    for line in reversed(lines):
        while len(levels) < line.depth + 2:
            levels.append([])
        below, levels[line.depth + 1] = tuple(reversed(levels[line.depth + 1])), []
        key, everybody = str(line.department.id), line.department.parent_id is None
        active = key == chosen or (everybody and not chosen)
        href = query.href([DEPARTMENT, "page"]) if everybody else query.href(["page"], department=key)
        is_open = line.depth == 0 or any(each.active or each.open for each in below)
        node = TreeNode(
            key, line.department.name, href, below, line.people_below, active=active, open=is_open,
            hint=line.path,
        )  # fmt: skip
        levels[line.depth].append(node)
    return tuple(reversed(levels[0]))


async def tailored(screen: Screen[Any], tx: Tx, visit: Visit) -> Screen[Any]:
    """The screen with the tenant's classes as words, and its custom fields as columns and in the form."""
    own = await fields.fields(tx)
    names: dict[str, Word] = {str(each.id): Text(each.name) for each in await classes.classes(tx)}
    columns = [replace(each, words=names) if each.name == "class_id" else each for each in screen.columns]
    return replace(screen, columns=(*columns, *map(_own_column, own)), form=with_custom(tuple(own)))


def _own_column(field: CustomField) -> Column:
    return Column(
        name=f"custom_{field.id}", title=Text(field.name), show=_own(field), shown=False, filter=False
    )


def _own(field: CustomField) -> Show:
    return lambda visit, row: Cell(custom_words(visit, field, custom_of(row).get(str(field.id))))


def _photo(visit: Visit, row: Row) -> Cell:
    href = f"/people/photos/{row['id']}/{row['photo']}&size=small" if row["photo"] else ""
    return Cell(row["name"], Look.PHOTO, href=href)


def _name(_visit: Visit, row: Row) -> Cell:
    return Cell(row["name"], Look.STRONG)


def _class(_visit: Visit, row: Row) -> Cell:
    return Cell(row["class_name"])


def more(visit: Visit, _query: Query) -> tuple[Button, ...]:
    """The way to the import."""
    if not visit.may(F.PEOPLE_PERSON_IMPORT):
        return ()
    return (Button(visit.say(say("Import")), imports.PATH, "file-upload", key="i"),)


async def _find(tx: Tx, visit: Visit, query: str) -> Sequence[Found]:
    wanted = Wish(arguments={"search": query, "departments": visit.scope}, most=_FOUND_MOST)
    rows = await PERSONS.slice(tx, wanted, 0, _FOUND_MOST)
    return [
        Found(row["name"], f"{PATH}/{row['id']}", "user", f"{row['number']} · {row['department']}")
        for row in rows
    ]


search.add(search.Finder(say("People"), F.PEOPLE_PERSON_VIEW, _find))

SCREEN = Screen(
    path=PATH, area="people", title=say("Personnel files"), icon="users", api="people",
    view=F.PEOPLE_PERSON_VIEW, change=F.PEOPLE_PERSON_CHANGE, export=F.PEOPLE_PERSON_EXPORT,
    listing=PERSONS, arguments=arguments, tree=tree, kept=frozenset({DEPARTMENT}),
    new_from={DEPARTMENT: "department_id"}, tailored=tailored,
    form=PersonForm, stored=StoredPerson, load=load, create=create, save=save, choices=choices,
    record=person_page.show, bulk=person_bulk.ACTIONS, actions=more,
    more=tuple(person_actions.PAGES),
    usual={"state": (PersonState.ACTIVE, PersonState.SUSPENDED)},
    new=say("New person"), edit=say("Change personnel file"), label="name",
    search_hint=say("Number, name, pinyin initials, phone, card"),
    none=say("Nobody is here yet. Write the first file, or import a workbook."),
    columns=(
        Column(
            name="photo", title=say("Photo"), show=_photo, look=Look.PHOTO, filter=False, export=False,
            needs=F.PEOPLE_PHOTO_VIEW,
        ),
        Column(name="number", title=say("Person number"), look=Look.CODE, phone="sub"),
        Column(name="pinyin", title=say_in("person", "Name"), show=_name, look=Look.STRONG, phone="title"),
        Column(name="department", title=say("Department")),
        Column(name="class_id", title=say("Account class"), show=_class, phone="hide"),
        Column(name="gender", title=say("Gender"), words=dict(GENDERS), look=Look.TEXT, phone="hide"),
        Column(name="phone", title=say("Phone"), look=Look.CODE),
        Column(name="cards", title=say("Cards"), look=Look.CODE),
        Column(name="state", title=say("State"), words=STATE_WORDS),
        Column(name="entered_on", title=say("Entered on"), phone="hide"),
        Column(name="leaves_on", title=say("Leaves on"), shown=False),
        Column(name="left_on", title=say("Left on"), shown=False),
        Column(name="email", title=say("E-mail"), shown=False),
        Column(name="changed_at", title=say("Changed"), shown=False),
        # for programs
        Column(name="name", title=say_in("person", "Name"), shown=False, filter=False, export=False),
        Column(name="department_id", title=say("Department"), shown=False, filter=False, export=False),
        Column(name="class_name", title=say("Account class"), shown=False, filter=False, export=False),
        Column(name="version", title=say("Version"), shown=False, filter=False, export=False),
    ),
)  # fmt: skip
