"""The web application: every page and every call of the API, each with the right it needs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response

from onecard.base.errors import OneCardError
from onecard.web.api import docs, problems
from onecard.web.api.app import api_router, calls
from onecard.web.kit import errors
from onecard.web.kit.assets import StaticDoor
from onecard.web.kit.routes import Page
from onecard.web.kit.security import Doorkeeper
from onecard.web.pages import pages
from onecard.web.services import Services


def create_app(services: Services) -> FastAPI:
    """The application of one process; `services` outlive it."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        if services.bus is not None:
            await services.hub.listen(services.bus)
        yield
        services.hub.close()
        await services.providers.close()

    app = FastAPI(
        title="OneCard",
        version=services.version,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.services = services
    app.router.routes.extend(_in_order([*pages(), *docs.PAGES]))
    router = api_router()
    app.state.calls = calls(router)
    app.include_router(router)
    app.mount("/static", StaticDoor(directory=services.assets.directory), name="static")
    _say_errors(app)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(Doorkeeper)
    return app


def _in_order(routes: list[Page]) -> list[Page]:
    """Addresses with fixed words before those with a variable in the same place."""
    return sorted(routes, key=lambda route: [part.startswith("{") for part in route.path.split("/")])


def _say_errors(app: FastAPI) -> None:
    """Programs get problem documents, people pages; both in words."""

    async def http(request: Request, error: Any) -> Response:
        if request.url.path.startswith(problems.PREFIX):
            return problems.of_http(request, error)
        return await errors.no_such_page(request, error)

    async def broken(request: Request, error: Any) -> Response:
        if request.url.path.startswith(problems.PREFIX):
            return problems.broken(request, error)
        return await errors.broken(request, error)

    async def data(request: Request, error: Any) -> Response:
        # the driver's own word for a value that does not fit is an error of its use, and of the value
        usable = isinstance(error, asyncpg.DataError | ValueError)
        if usable and request.url.path.startswith(problems.PREFIX):
            return problems.of_data(request, error)
        return await broken(request, error)

    answers: dict[type[Exception], Callable[[Request, Any], Any]] = {
        HTTPException: http,
        Exception: broken,
        OneCardError: problems.of_error,
        asyncpg.DataError: data,
        asyncpg.InterfaceError: data,
        problems.Refusal: problems.of_refusal,
        RequestValidationError: problems.of_validation,
    }
    for kind, answer in answers.items():
        app.add_exception_handler(kind, answer)
