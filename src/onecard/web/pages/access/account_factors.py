"""One's own second factors: an authenticator app, recovery codes, passkeys."""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from onecard.base.db import Tx
from onecard.base.errors import OneCardError
from onecard.base.texts import Text, say
from onecard.tenants import factors, sessions
from onecard.tenants.sessions import Confirmed
from onecard.web.kit import forms, outcome, render
from onecard.web.kit.actions import Action, Asked
from onecard.web.kit.confirm import unconfirmed
from onecard.web.kit.fields import Ui
from onecard.web.kit.guard import OWN_FACTORS
from onecard.web.kit.outcome import Outcome, said
from onecard.web.kit.routes import Open, Page
from onecard.web.kit.views import Button, FieldView, FormView, Section, Tone
from onecard.web.kit.visit import SESSION_COOKIE, Cookie, Visit
from onecard.web.pages.access.account_views import Offer
from onecard.web.pages.access.session_words import browser
from onecard.web.pages.access.sign_in_factor import relying_party

ACCOUNT = "/account"
_APP, _PASSKEYS = f"{OWN_FACTORS}/app", f"{OWN_FACTORS}/passkeys"
_KEEP = say("Each works once, when the phone or the passkey is lost. Print them, or keep them in a safe.")
_NO_PASSKEYS = say("Passkeys need an address with a name and https, which this one is not.")


async def must_add(visit: Visit) -> Response:
    """What the institution asks for before anything else."""
    if not visit.who.must_add_factor:
        return render.go(visit, ACCOUNT)
    ways = [APP.button(visit, tone=Tone.PRIMARY)]
    if relying_party(visit) is not None:
        ways.append(PASSKEY.button(visit))
    async with visit.tx() as tx:
        has = await factors.available(tx, visit.who.operator_id)
    sentence = (
        say("You have one already: sign out, and sign in with it.")
        if has
        else say("Your institution asks everybody for a second proof besides the password. Set one up now.")
    )
    return render.html(
        visit, "factors.html", title=say("Second factor"), sentence=visit.say(sentence),
        ways=() if has else tuple(ways),
    )  # fmt: skip


def codes_shown(title: Text, sentence: Text, codes: list[str]) -> Outcome:
    """Recovery codes, this once."""
    return Outcome(title=title, sentence=sentence, codes=tuple(codes), note=_KEEP, back=ACCOUNT)


# --- authenticator app --------------------------------------------------------------------------------------


async def _offer(tx: Tx, visit: Visit, _form: Any) -> Text:
    """Shows the secret instead of closing the dialog; see `offer`."""
    who = visit.who
    made = await factors.begin_totp(
        tx, visit.services.vault, who.operator_id, issuer=who.tenant_name, now=datetime.now(UTC)
    )
    visit.answer = _totp(visit, made)
    return say("Saved.")


def _totp(visit: Visit, made: factors.Offered) -> Response:
    offer = Offer(made.svg, " ".join(_fours(made.secret)), _code_form(visit))
    part = bool(visit.partial)
    template = "_totp.html" if part else "totp.html"
    return render.html(visit, template, title=APP.label, part=part, offer=offer)


def _fours(secret: str) -> list[str]:
    return [secret[start : start + 4] for start in range(0, len(secret), 4)]


def _code_form(visit: Visit, error: Text | None = None) -> FormView:
    field = FieldView("code", "code", visit.say(say("Code in the app")), required=True, autofocus=True)
    return FormView(
        id="totp",
        title=visit.say(APP.label),
        action=f"{_APP}/code",
        sections=(Section((field,)),),
        submit=visit.say(say("Turn on")),
        error=visit.say(error) if error else "",
        cancel_href=ACCOUNT,
    )


async def take_code(visit: Visit) -> Response:
    """The app's first code: from now on one is asked for at sign-in."""
    code = str((await visit.form()).get("code", ""))[:32]
    try:
        async with visit.tx() as tx:
            codes = await factors.finish_totp(
                tx, visit.services.vault, visit.who.operator_id, code, now=datetime.now(UTC)
            )
            _go_on(visit, await sessions.strengthen(tx, visit.who, "totp"))
    except OneCardError as error:
        part = bool(visit.partial)
        return render.html(
            visit, "_code.html" if part else "form.html", title=APP.label, status=forms.UNPROCESSABLE,
            part=part, form=_code_form(visit, said(error)),
        )  # fmt: skip
    done = say("The app is set up. Here are your recovery codes; they are not shown again.")
    return outcome.show(visit, codes_shown(say("Recovery codes"), done, codes))


def _go_on(visit: Visit, confirmed: Confirmed) -> None:
    visit.cookies.append(Cookie(SESSION_COOKIE, confirmed.cookie))


async def _remove_app(tx: Tx, visit: Visit, _form: Any) -> Text:
    await factors.remove_totp(tx, visit.who.operator_id)
    return say("The authenticator app is removed.")


async def _new_codes(tx: Tx, visit: Visit, _form: Any) -> Text:
    codes = await factors.new_recovery_codes(tx, visit.who.operator_id)
    sentence = say("These are new. Codes you had before are worth nothing any more.")
    visit.outcome = codes_shown(say("Recovery codes"), sentence, codes)
    return say("Saved.")


APP = Action(
    path=_APP, label=say("Set up an authenticator app"), icon="device-mobile", needs=Open.SIGNED_IN,
    carry_out=_offer, back=ACCOUNT, submit=say("Continue"), confirm=True, early=True,
    note=say("An app on your phone shows a new code every 30 seconds, which is asked for at sign-in."),
)  # fmt: skip
REMOVE_APP = Action(
    path=f"{_APP}/remove", label=say("Remove the authenticator app"), icon="device-mobile-off",
    needs=Open.SIGNED_IN, carry_out=_remove_app, back=ACCOUNT, confirm=True, danger=True,
    note=say("Codes are not asked for any more. With the last second factor the recovery codes go too."),
)  # fmt: skip
CODES = Action(
    path=f"{OWN_FACTORS}/codes", label=say("New recovery codes"), icon="refresh", needs=Open.SIGNED_IN,
    carry_out=_new_codes, back=ACCOUNT, confirm=True,
    note=say("Ten new codes are made; those you have become worthless."),
)  # fmt: skip


# --- passkeys -----------------------------------------------------------------------------------------------


class PasskeyForm(BaseModel):
    """What a passkey is called."""

    name: Annotated[
        str,
        Field(min_length=1, max_length=factors.passkeys.NAME_MAX),
        Ui(say("Name of the passkey"), help=say("So that you tell it apart from others.")),
    ]


async def _ask_name(tx: Tx, visit: Visit) -> Asked:
    agent = visit.request.headers.get("user-agent", "")
    return Asked(values={"name": browser(agent)}, note=_NO_PASSKEYS if relying_party(visit) is None else None)


async def _begin_passkey(tx: Tx, visit: Visit, form: PasskeyForm) -> Text:
    if relying_party(visit) is None:
        raise OneCardError(_NO_PASSKEYS)
    ask = Button(
        visit.say(say("Make the passkey")), f"{_PASSKEYS}/options", "fingerprint", Tone.PRIMARY,
        passkey=f"{_PASSKEYS}/made?name={quote(form.name)}",
    )  # fmt: skip
    visit.outcome = Outcome(
        title=PASSKEY.label,
        sentence=say("The browser asks now where to keep it, and for your finger, face or PIN."),
        back=ACCOUNT,
        actions=(ask,),
        tone=Tone.PLAIN,
    )
    return say("Saved.")


async def options(visit: Visit) -> Response:
    """What the browser's authenticator is asked."""
    party = relying_party(visit)
    if party is None or await unconfirmed(visit) is not None:
        return JSONResponse({"error": visit.say(_NO_PASSKEYS)}, 409)
    async with visit.tx() as tx:
        asked = await factors.begin_passkey(tx, visit.who.operator_id, party, now=datetime.now(UTC))
    return Response(asked, media_type="application/json")


async def made(visit: Visit) -> Response:
    """The browser made one."""
    party = relying_party(visit)
    if party is None:
        raise OneCardError(_NO_PASSKEYS)
    response, name = str((await visit.form()).get("credential", "")), visit.query.get("name", "")
    async with visit.tx() as tx:
        codes = await factors.finish_passkey(
            tx, visit.who.operator_id, party, response, name=name, now=datetime.now(UTC)
        )
        _go_on(visit, await sessions.strengthen(tx, visit.who, "passkey"))
    if codes:
        done = say("The passkey is set up. Here are your recovery codes; they are not shown again.")
        return outcome.show(visit, codes_shown(say("Recovery codes"), done, codes))
    visit.toast(say("The passkey is set up."))
    return render.go(visit, ACCOUNT)


async def _remove_passkey(tx: Tx, visit: Visit, _form: Any) -> Text:
    await factors.remove_passkey(tx, visit.who.operator_id, visit.number())
    return say("The passkey is removed.")


PASSKEY = Action(
    path=_PASSKEYS, label=say("Add a passkey"), icon="fingerprint", needs=Open.SIGNED_IN,
    carry_out=_begin_passkey, ask=_ask_name, form=PasskeyForm, back=ACCOUNT, submit=say("Continue"),
    confirm=True, early=True,
)  # fmt: skip
REMOVE_PASSKEY = Action(
    path=f"{_PASSKEYS}/{{id:int}}/remove", label=say("Remove"), icon="trash", needs=Open.SIGNED_IN,
    carry_out=_remove_passkey, back=ACCOUNT, confirm=True, danger=True,
    note=say("It does not sign you in any more. With the last second factor the recovery codes go too."),
)  # fmt: skip

PAGES = [
    Page(OWN_FACTORS, must_add, needs=Open.SIGNED_IN, early=True),
    Page(f"{_APP}/code", take_code, needs=Open.SIGNED_IN, early=True, methods=["POST"]),
    Page(f"{_PASSKEYS}/options", options, needs=Open.SIGNED_IN, early=True, methods=["POST"]),
    Page(f"{_PASSKEYS}/made", made, needs=Open.SIGNED_IN, early=True, methods=["POST"], confirm=True),
    *(page for action in (APP, REMOVE_APP, CODES, PASSKEY, REMOVE_PASSKEY) for page in action.pages()),
]
