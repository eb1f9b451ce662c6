"""The routes of the API, their description (OpenAPI 3.1), and the errors they answer with."""

from fastapi import APIRouter

from onecard.web.api.resources import add_resource
from onecard.web.pages import screens

VERSION = "/api/v1"


def api_router() -> APIRouter:
    """Every call of the API."""
    router = APIRouter(prefix=VERSION)
    for screen in screens():
        if screen.api:
            add_resource(router, screen)
    return router
