"""Which columns a list shows: as it is declared, or as somebody chose in this browser.

The choice is a cookie of the list's own path, as language and appearance are cookies: it belongs to a screen
of a certain width more than to a person, and changes neither exports nor what anybody may see.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field
from starlette.responses import Response

from onecard.base.texts import say
from onecard.web.kit import forms
from onecard.web.kit.columns import Column
from onecard.web.kit.fields import Ui
from onecard.web.kit.forms import FormPlan
from onecard.web.kit.outcome import done
from onecard.web.kit.routes import Page
from onecard.web.kit.views import Button, Option
from onecard.web.kit.visit import YEAR_S, Visit

if TYPE_CHECKING:
    from onecard.web.kit.screen import Screen

COOKIE = "onecard-columns"
_BETWEEN = "."


class ColumnChoice(BaseModel):
    """The form."""

    columns: Annotated[
        list[str],
        Ui(
            say("Show"), kind="checks",
            help=say("For this browser. What a row is called always stays; exports have all columns."),
        ),
    ] = Field(default_factory=list)  # fmt: skip


def shown_columns(visit: Visit, columns: Sequence[Column]) -> list[Column]:
    """Those of a list's columns that stand in its table."""
    chosen = visit.request.cookies.get(COOKIE)
    if chosen is None:
        return [each for each in columns if each.shown]
    names = {*chosen.split(_BETWEEN), _main(columns).name}
    return [each for each in columns if each.name in names and _can_be_shown(each)]


def choose_button(visit: Visit, path: str) -> Button:
    """The way to the choice, in the list's menu."""
    return Button(visit.say(say("Columns")), f"{path}/columns", "columns", dialog=True, menu=True, key="c")


def column_routes(screen: "Screen[Any]") -> list[Page]:
    """The form over a list, and the way back to how it is declared."""
    path = f"{screen.path}/columns"
    return [
        Page(path, partial(_show, screen), needs=screen.view),
        Page(path, partial(_take, screen), needs=screen.view, methods=["POST"]),
        Page(f"{path}/usual", partial(_forget, screen), needs=screen.view, methods=["POST"]),
    ]


async def _show(screen: "Screen[Any]", visit: Visit) -> Response:
    async with visit.tx() as tx:
        screen = await screen.at(tx, visit)
    columns = screen.seen(visit)
    main = _main(columns)
    options = [
        Option(each.name, visit.say(each.title)) for each in columns if _can_be_shown(each) and each != main
    ]
    back = Button(visit.say(say("As usual")), f"{screen.path}/columns/usual", "arrow-back-up", post=True)
    plan = FormPlan(
        model=ColumnChoice,
        title=say("Columns"),
        action=f"{screen.path}/columns",
        submit=say("Show"),
        cancel=screen.path,
        choices={"columns": options},
        extra=(back,),
    )
    return forms.show(visit, plan, {"columns": [each.name for each in shown_columns(visit, columns)]})


async def _take(screen: "Screen[Any]", visit: Visit) -> Response:
    asked = set((await visit.form()).getlist("columns"))
    async with visit.tx() as tx:
        screen = await screen.at(tx, visit)
    chosen = [each.name for each in screen.seen(visit) if each.name in asked and _can_be_shown(each)]
    response = done(visit, screen.path, say("The list shows these columns from now on."))
    # begins with the separator, because browsers may drop a cookie without a value
    value = _BETWEEN + _BETWEEN.join(chosen)
    response.set_cookie(
        COOKIE, value, max_age=YEAR_S, path=screen.path, secure=True, httponly=True, samesite="lax"
    )
    return response


async def _forget(screen: "Screen[Any]", visit: Visit) -> Response:
    response = done(visit, screen.path, say("The list shows its usual columns again."))
    response.delete_cookie(COOKIE, path=screen.path, secure=True, httponly=True, samesite="lax")
    return response


def _can_be_shown(column: Column) -> bool:
    """The others are there for programs."""
    return column.shown or column.export


def _main(columns: Sequence[Column]) -> Column:
    """What a row is called by."""
    shown = [each for each in columns if each.shown]
    return next((each for each in shown if each.phone == "title"), shown[0])
