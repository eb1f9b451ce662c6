"""What tests of the personnel pages share: people behind the console's back, forms, what lists show."""

import re
from collections.abc import Callable
from typing import Any

import httpx
from stage import Stage

from onecard.base.db import Tx
from onecard.desk import personnel
from onecard.people import classes
from onecard.people.model import FileDraft

Enter = Callable[[str], httpx.Client]
PATH = "/people/persons"
DIALOG = {"hx-request": "true", "hx-target": "div#dialog-body"}
TABLE = {"hx-request": "true", "hx-target": "div#table"}
CHILD = "110101201801071238"  # born 2018, under fourteen until 2032
RESIDENT = "110101199003078013"


def add(stage: Stage, number: str, name: str, department: str = "七年级1班", **more: Any) -> int:
    """Save a person of the school; returns the id."""

    async def step(tx: Tx) -> int:
        (first, *_) = await classes.classes(tx)
        draft = FileDraft(
            number=number, name=name, department_id=stage.departments[department], class_id=first.id, **more
        )
        return await personnel.create_person(tx, stage.vault, draft)

    return stage.in_school(step)


def filled(client: httpx.Client, path: str, **changed: str) -> dict[str, str]:
    """The values of the form at an address, as a browser would send them back, with some typed over."""
    page = client.get(path).text
    values = dict(re.findall(r'<(?:input|textarea)[^>]* name="([^"]+)"[^>]* value="([^"]*)"', page))
    for name, options in re.findall(r'<select[^>]* name="([^"]+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]+)" selected', options)
        values[name] = chosen[1] if chosen else ""
    return values | changed


def numbers(page: str) -> list[str]:
    """Person numbers in the order of a list."""
    return re.findall(r'data-title="人员编号">(?:<a[^>]*>)?([^<\s]+)', page)


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found is not None, page
    return found[1]
