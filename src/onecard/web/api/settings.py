"""Settings of which there is one set: what a form page shows and saves, for programs."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from starlette.responses import Response

from onecard.base.texts import say_in
from onecard.web.api import models
from onecard.web.api.actions import change_of
from onecard.web.api.caller import calling, described
from onecard.web.api.carrying import Headers, carry_out
from onecard.web.api.resources import DONE, problems
from onecard.web.kit.form_page import FormPage
from onecard.web.kit.visit import Visit


def add_settings(router: APIRouter, name: str, page: FormPage, language: str) -> None:
    """Add the two calls of a form page."""
    title, word = page.label.read(language), name.title().replace("-", "")
    stored = models.stored_model(page.form, word, language, identified=False)
    sent = models.sent_model(page.form, f"{word}Change", language, change=True)
    looks = page.looks or page.needs

    async def show(visit: Annotated[Visit, Depends(calling(looks))]) -> Any:
        async with visit.tx(snapshot=True) as tx:
            return (await page.ask(tx, visit)).values

    async def change(
        visit: Annotated[Visit, Depends(calling(page.needs))],
        body: Annotated[sent, Body()],  # type: ignore[valid-type]
        headers: Annotated[Headers, Depends()],
    ) -> Response:
        async with visit.tx() as tx:
            before = dict((await page.ask(tx, visit)).values or {})
        known = {field: value for field, value in before.items() if field in page.form.model_fields}
        made = models.whole(visit, page.form, known | body.model_dump(exclude_unset=True))  # type: ignore[attr-defined]
        return await carry_out(visit, headers, await change_of(visit, page, made, status=204))

    router.add_api_route(
        f"/{name}", show, methods=["GET"], response_model=stored, responses=problems(language), tags=[title],
        response_description=DONE.read(language),
        summary=f"{title}: {say_in('api', 'Look at them').read(language)}", operation_id=f"get_{name}",
        openapi_extra=described(looks),
    )  # fmt: skip
    router.add_api_route(
        f"/{name}", change, methods=["PATCH"], status_code=204, response_model=None,
        responses=problems(language, waits=True), tags=[title],
        response_description=DONE.read(language), operation_id=f"change_{name}",
        summary=f"{title}: {say_in('api', 'Change').read(language)}", openapi_extra=described(page.needs),
    )  # fmt: skip
