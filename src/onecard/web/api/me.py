"""Who calls, and the proof of it that dangerous functions ask of operators."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, ConfigDict, Field, Strict
from starlette.responses import Response

from onecard.base.texts import Text, say
from onecard.tenants import sessions
from onecard.tenants.functions import Function
from onecard.web.api.caller import calling, described
from onecard.web.api.problems import Refusal
from onecard.web.api.resources import DONE, problems
from onecard.web.kit.guard import set_cookie
from onecard.web.kit.needs import Open
from onecard.web.kit.visit import SESSION_COOKIE, Cookie, Visit

TITLE = say("Caller")


class Me(BaseModel):
    """Who calls, and what the caller may do."""

    kind: str = Field(description="`key` or `operator`.")
    name: str
    account: str = Field(description="Account number of the operator, or of whose key it is.")
    tenant_code: str
    tenant_name: str
    currency: str = Field(description="ISO 4217; amounts are whole numbers of its minor unit.")
    minor_exponent: int
    time_zone: str
    functions: list[Function]
    departments: list[int] | None = Field(description="Whose people are seen; null: everybody's.")


class Confirmation(BaseModel):
    """The operator's password once more."""

    model_config = ConfigDict(extra="forbid")

    password: Annotated[str, Strict(), Field(min_length=1, max_length=128)]


def add_me(router: APIRouter, language: str) -> None:
    """Add the calls about the caller."""
    title, needs = TITLE.read(language), Open.SIGNED_IN

    async def me(visit: Annotated[Visit, Depends(calling(needs))]) -> Me:
        who = visit.who
        return Me(
            kind="operator" if who.key_id is None else "key", name=who.name, account=who.account,
            tenant_code=who.tenant.code, tenant_name=who.tenant_name, currency=who.currency,
            minor_exponent=who.minor_exponent, time_zone=who.time_zone, functions=sorted(who.functions),
            departments=visit.scope,
        )  # fmt: skip

    async def confirm(
        visit: Annotated[Visit, Depends(calling(needs))], body: Annotated[Confirmation, Body()]
    ) -> Response:
        if visit.who.key_id is not None:
            raise Refusal(409, say("An API key proves itself with every call."))
        proof = await sessions.confirm(visit.services.db, visit.who, password=body.password)
        if isinstance(proof, sessions.Refused):
            raise Refusal(403, proof.text, "confirmation-needed")
        response = Response(status_code=204)
        set_cookie(response, Cookie(SESSION_COOKIE, proof.cookie))
        return response

    def summary(what: Text) -> str:
        return f"{title}: {what.read(language)}"

    router.add_api_route(
        "/me", me, methods=["GET"], response_model=Me, response_description=DONE.read(language),
        responses=problems(language), tags=[title],
        summary=summary(say("Who calls, and what the caller may do")), operation_id="get_me",
        openapi_extra=described(needs),
    )  # fmt: skip
    router.add_api_route(
        "/me/confirmation", confirm, methods=["POST"], status_code=204, response_model=None,
        response_description=DONE.read(language),
        responses=problems(language), tags=[title], operation_id="confirm_me", openapi_extra=described(needs),
        summary=summary(say("Confirm with the password, good for five minutes")),
    )  # fmt: skip
