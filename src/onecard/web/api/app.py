"""The calls of the API, made of the screens and their actions; see docs/adr/0054."""

from functools import cache
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute

from onecard.web.api.actions import action_of, add_action, add_bulk
from onecard.web.api.description import VERSION, add_description
from onecard.web.api.jobs import add_export, add_jobs
from onecard.web.api.me import add_me
from onecard.web.api.people import add_people
from onecard.web.api.resources import Maker
from onecard.web.api.settings import add_settings
from onecard.web.kit.routes import Page
from onecard.web.kit.screen import Screen
from onecard.web.pages import screens
from onecard.web.pages.people import persons
from onecard.web.pages.system import enterprise, jobs


@cache
def api_router(language: str = "en") -> APIRouter:
    """Every call of the API, with its words in a language."""
    router = APIRouter(prefix=VERSION)
    add_me(router, language)
    for screen in screens():
        if screen.api:
            _add_screen(router, screen, language)
    add_settings(router, "enterprise", enterprise.PAGE, language)
    add_description(router, lambda wanted: calls(api_router(wanted)))
    return router


def calls(router: APIRouter) -> list[APIRoute]:
    """The calls of a router."""
    return [route for route in router.routes if isinstance(route, APIRoute)]


def _add_screen(router: APIRouter, screen: Screen[Any], language: str) -> None:
    maker = Maker(router, screen, language)
    maker.add()
    add_export(maker)
    for bulk in screen.bulk:
        add_bulk(maker, bulk)
    for page in screen.more:
        action = action_of(page) if isinstance(page, Page) else None
        if action is not None and action.path.startswith(f"{screen.path}/{{id:int}}/"):
            add_action(maker, action)
    if screen is persons.SCREEN:
        add_people(maker)
    if screen is jobs.SCREEN:
        add_jobs(maker)
