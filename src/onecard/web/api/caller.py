"""Who calls the API: a key in the `Authorization` header, or the session of a signed-in operator."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from onecard.base.texts import say
from onecard.tenants.api_keys.service import resume_key
from onecard.tenants.functions import LABELS, Function
from onecard.web.api.problems import Refusal
from onecard.web.kit.guard import recognise
from onecard.web.kit.needs import Needs
from onecard.web.kit.visit import Visit
from onecard.web.services import Services

FUNCTION = "x-onecard-function"
BEARER = HTTPBearer(auto_error=False, scheme_name="apiKey", description="An API key: `oc_…`.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]


def calling(needs: Needs) -> Callable[..., Awaitable[Visit]]:
    """A dependency that gives the visit of a caller who has what a call needs."""

    async def caller(request: Request, credentials: Credentials) -> Visit:
        visit = await known(request, credentials)
        if isinstance(needs, Function):
            refuse_without(visit, needs)
        return visit

    return caller


async def known(request: Request, credentials: Credentials) -> Visit:
    """The visit of whoever calls.

    Raises:
        Refusal: 401, nobody is known by what was sent.
    """
    services: Services = request.app.state.services
    where = request.client.host if request.client else ""
    if credentials is not None:
        who = await resume_key(services.db, credentials.credentials, where)
    else:
        who = await recognise(request, services)
    if who is None or who.must_change_password or who.must_add_factor:
        raise Refusal(401, say("Send a valid API key in the header “Authorization: Bearer …”."))
    return Visit(request, services, who)


def refuse_without(visit: Visit, function: Function) -> None:
    """Go on only with a function.

    Raises:
        Refusal: 403 with the function's name.
    """
    if not visit.may(function):
        detail = say("The function “{function}” is missing.", function=LABELS[function])
        raise Refusal(403, detail, function=function.value)


def described(needs: Needs) -> dict[str, Any]:
    """What the API's description says about the right a call needs."""
    return {FUNCTION: needs.value}
