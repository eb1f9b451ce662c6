"""Who calls the API: a key in the `Authorization` header, or the session of a signed-in operator."""

from collections.abc import Awaitable, Callable
from typing import Annotated

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

BEARER = HTTPBearer(auto_error=False, scheme_name="api-key", description="An API key: `oc_…`.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]


def calling(needs: Needs) -> Callable[..., Awaitable[Visit]]:
    """A dependency that gives the visit of a caller who has what a call needs."""

    async def caller(request: Request, credentials: Credentials) -> Visit:
        services: Services = request.app.state.services
        where = request.client.host if request.client else ""
        if credentials is not None:
            who = await resume_key(services.db, credentials.credentials, where)
        else:
            who = await recognise(request, services)
        if who is None or who.must_change_password or who.must_add_factor:
            raise Refusal(401, say("Send a valid API key in the header “Authorization: Bearer …”."))
        if isinstance(needs, Function) and needs not in who.functions:
            detail = say("The key lacks the function “{function}”.", function=LABELS[needs])
            raise Refusal(403, detail, function=needs.value)
        return Visit(request, services, who)

    return caller
