"""The pages of the console, by subject."""

from typing import Any

from onecard.web.kit import nav
from onecard.web.kit.routes import Page
from onecard.web.kit.screen import Screen
from onecard.web.pages import around
from onecard.web.pages.access import (
    account,
    account_factors,
    all_sessions,
    api_keys,
    approvals,
    operators,
    roles,
    setup,
    sign_in,
    sign_in_factor,
    sign_in_others,
)
from onecard.web.pages.people import classes, departments, fields, imports, persons, photos
from onecard.web.pages.system import audit, enterprise, jobs


def screens() -> list[Screen[Any]]:
    """Every screen, in the order of the menu; a new one is added here."""
    return [
        persons.SCREEN,
        departments.SCREEN,
        classes.SCREEN,
        fields.SCREEN,
        operators.SCREEN,
        roles.SCREEN,
        all_sessions.SCREEN,
        approvals.SCREEN,
        api_keys.SCREEN,
        audit.SCREEN,
        jobs.SCREEN,
    ]


def pages() -> list[Page]:
    """Every page; those that are no screens are added here."""
    first, *others = (screen.path for screen in screens())
    nav.arrange(enterprise.PAGE.path, first, imports.PATH, *others)
    return [
        *around.PAGES,
        *sign_in.PAGES,
        *sign_in_factor.PAGES,
        *sign_in_others.PAGES,
        *setup.PAGES,
        *account.PAGES,
        *account_factors.PAGES,
        *enterprise.PAGES,
        *imports.PAGES,
        *photos.PAGES,
        *(page for screen in screens() for page in screen.routes()),
    ]
