"""The pages of the console, by subject."""

from typing import Any

from onecard.web.kit.routes import Page
from onecard.web.kit.screen import Screen
from onecard.web.pages import around
from onecard.web.pages.access import all_sessions, api_keys, approvals, operators, roles, sign_in


def screens() -> list[Screen[Any]]:
    """Every screen, in the order of the menu; a new one is added here."""
    return [operators.SCREEN, roles.SCREEN, all_sessions.SCREEN, approvals.SCREEN, api_keys.SCREEN]


def pages() -> list[Page]:
    """Every page; those that are no screens are added here."""
    return [*around.PAGES, *sign_in.PAGES, *(page for screen in screens() for page in screen.routes())]
