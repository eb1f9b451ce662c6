"""How sessions are shown, in the list of all and beside an operator."""

import re
from collections.abc import Mapping
from typing import Any

from onecard.base.listing import Kind
from onecard.base.texts import say
from onecard.web.kit.columns import Column
from onecard.web.kit.views import Cell, Look
from onecard.web.kit.visit import Visit

METHODS = {
    "password": say("Password"),
    "link": say("One-time link"),
    "oidc": say("Single sign-on"),
}
FACTORS = {
    "totp": say("Authenticator app"),
    "passkey": say("Passkey"),
    "recovery": say("Recovery code"),
}
# the first that fits; browsers call themselves by the names of others too
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser(agent: str) -> str:
    """What a browser and its system are called, out of how it calls itself; else the first word of that."""
    name = next((label for word, label in _BROWSERS if f"{word}/" in agent), "")
    system = next((label for word, label in _SYSTEMS if word in agent), "")
    if name or system:
        return " · ".join(each for each in (name, system) if each)
    return re.split(r"[ /]", agent, maxsplit=1)[0][:40]


def agent_cell(_visit: Visit, row: Mapping[str, Any]) -> Cell:
    """The browser; the whole string on hover."""
    return Cell(browser(row["agent"]), hint=row["agent"])


COLUMNS = (
    Column(name="address", title=say("Address"), look=Look.CODE, phone="title"),
    Column(name="agent", title=say("Browser"), show=agent_cell, phone="sub"),
    Column(name="method", title=say("Signed in by"), kind=Kind.CHOICE, words=METHODS),
    Column(name="second_factor", title=say("Second factor"), kind=Kind.CHOICE, words=FACTORS),
    Column(name="began_at", title=say("Since"), kind=Kind.INSTANT),
    Column(name="seen_at", title=say("Last request"), kind=Kind.INSTANT),
)
