"""An action on very many rows as a job: the page answers at once, the job's page tells how far it is.

The job carries the posted form, with the token of its preview, and does in one transaction what the page
would have done: all of it as it was shown, or nothing.
"""

from typing import TYPE_CHECKING, Any

from onecard.base.db import Tx
from onecard.base.errors import OneCardError
from onecard.base.jobs import service as jobs
from onecard.base.jobs.kinds import job
from onecard.base.jobs.model import Ended
from onecard.base.jobs.work import Work
from onecard.base.texts import say
from onecard.web.kit import forms
from onecard.web.kit.confirm import CONFIRM
from onecard.web.kit.errand import Errand, errand, stand_in
from onecard.web.kit.jobs import JOBS
from onecard.web.kit.visit import Visit

if TYPE_CHECKING:
    from onecard.web.kit.bulk import Bulk
    from onecard.web.kit.screen import Screen

_actions: dict[tuple[str, str], tuple["Screen[Any]", "Bulk"]] = {}  # by path and name: where the job finds it


def know(screen: "Screen[Any]", action: "Bulk") -> None:
    """Let jobs do this action."""
    _actions[screen.path, action.name] = screen, action


async def start(tx: Tx, visit: Visit, screen: "Screen[Any]", action: "Bulk") -> str:
    """Ask for an action as it was posted; returns the address of its job."""
    posted = (await visit.form()).multi_items()
    params = errand(visit, "") | {
        "screen": screen.path,
        "action": action.name,
        "posted": [pair for pair in posted if pair[0] != CONFIRM and isinstance(pair[1], str)],
    }
    title = say("{action}: {list}", action=action.label, list=screen.title)
    return f"{JOBS}/{await jobs.start(tx, visit.services.vault, BULK_CHANGE, title, params)}"


async def _change(work: Work) -> Ended:
    """Does the action and ends the job in one transaction, so that it may be begun again."""
    from onecard.web.kit.bulk import chosen_keys  # noqa: PLC0415  actions start jobs

    screen, action = _actions.get((work.params["screen"], work.params["action"]), (None, None))
    if screen is None or action is None:
        raise OneCardError(say("This version has no such action any more."))
    async with work.tx() as tx:
        visit = Errand(work, await stand_in(tx, work.params, work.actor.where), screen.path)
        if not (visit.may(screen.view) and visit.may(action.needs)):
            raise OneCardError(say("You may not do this any more."))
        filled = await forms.fill(visit, action.form)
        if filled.model is None:
            raise OneCardError(say("This version asks for something else. Please start again."))
        keys = await chosen_keys(screen, tx, visit, action)
        ended = Ended(await action.carry_out(tx, visit, keys, filled.model))
        await work.end(tx, ended)
    return ended


BULK_CHANGE = job("list.change", again=True)(_change)
