"""My account: what everybody may do about themselves, whatever else they may."""

from starlette.responses import Response

from onecard.base.db import Row, Tx
from onecard.base.listing import Condition, Op, Wish
from onecard.base.texts import NAMES, Text, say, say_count, say_in
from onecard.tenants import factors, sessions
from onecard.tenants.approvals import APPROVALS
from onecard.tenants.factors import Summary
from onecard.tenants.operators import roles, service
from onecard.tenants.operators.model import Operator, Role
from onecard.tenants.sessions import Place
from onecard.web.kit import render
from onecard.web.kit.approval import APPROVALS as REQUESTS
from onecard.web.kit.columns import Column
from onecard.web.kit.outcome import done
from onecard.web.kit.routes import Open, Page
from onecard.web.kit.tables import plain_table
from onecard.web.kit.views import Button, Cell, Fact, Facts, Look, RecordView, TableView, Tone
from onecard.web.kit.visit import Visit
from onecard.web.pages.access import account_factors, account_profile, approvals
from onecard.web.pages.access.account_views import Line, Lines, Own
from onecard.web.pages.access.session_words import METHODS, browser

PATH = account_profile.PATH
_REQUESTS_SHOWN = 10


async def show(visit: Visit) -> Response:
    """The page."""
    who = visit.who
    async with visit.tx() as tx:
        operator = await service.get(tx, who.operator_id)
        through = await roles.roles_of(tx, who.operator_id)
        second = await factors.summary(tx, who.operator_id)
        places = await sessions.places(tx, who.operator_id, current=who.session_id)
        requests = await _requests(tx, visit)
    record = RecordView(
        title=operator.name,
        subtitle=operator.account,
        parts=(_profile(visit, operator, through), _sign_in(visit, operator, second)),
        message=_message(visit),
        message_tone=Tone.WARN,
    )
    own = Own(_passkeys(visit, second), _places(visit, places), requests)
    return render.html(visit, "account.html", title=say("My account"), record=record, own=own)


def _message(visit: Visit) -> str:
    if not visit.who.withheld:
        return ""
    return visit.say(
        say_count(
            len(visit.who.withheld),
            "{count} function of yours needs a second factor. Set one up below, or sign in with it.",
            "{count} functions of yours need a second factor. Set one up below, or sign in with it.",
        )
    )


def _profile(visit: Visit, operator: Operator, through: list[Role]) -> Facts:
    everybody = visit.who.department_ids is None
    sees = visit.say(say("Everybody")) if everybody else operator.department or visit.say(say("Nobody"))
    flags = (
        *((say("Sign in on devices"),) if operator.may_sign_in_on_devices else ()),
        *((say("Top up accounts"),) if operator.may_top_up else ()),
    )
    names = tuple((role.name, str(Tone.PRIMARY)) for role in through)
    language = {str(code): name for code, name in NAMES.items()}.get(operator.language or "", "")
    facts = [
        (say("Institution"), Cell(f"{visit.who.tenant.code} {visit.who.tenant_name}")),
        (say("Sees the people of"), Cell(sees)),
        (say("Roles"), Cell("", Look.BADGES, parts=names)),
        (say("May also"), Cell("", Look.BADGES, parts=tuple((visit.say(each),) for each in flags))),
        (say("Language"), Cell(language or visit.say(say("as the institution")))),
        (say("Time zone"), Cell(operator.time_zone or visit.say(say("as the institution")))),
        (say("Last day"), Cell(operator.ends_on.isoformat() if operator.ends_on else "")),
    ]
    return Facts(
        visit.say(say("Profile")),
        tuple(Fact(visit.say(label), cell) for label, cell in facts),
        (account_profile.PREFERENCES.button(visit),),
    )


def _sign_in(visit: Visit, operator: Operator, second: Summary) -> Facts:
    changed = operator.password_changed_at
    since, left = second.totp_since, second.recovery_left
    facts = [
        (say("Password"), Cell(visit.instant(changed) if changed and operator.has_password else "")),
        (say("Authenticator app"), Cell(visit.instant(since) if since else "")),
    ]
    buttons = [account_profile.button(visit)]
    if since or second.passkeys:
        tone = Tone.PLAIN if left > _FEW_CODES else Tone.BAD
        words = visit.say(say_count(left, "{count} left", "{count} left"))
        facts.append((say("Recovery codes"), Cell(words, tone=tone)))
        buttons.append(account_factors.CODES.button(visit))
    buttons.append((account_factors.REMOVE_APP if since else account_factors.APP).button(visit))
    shown = tuple(Fact(visit.say(label), cell) for label, cell in facts)
    return Facts(visit.say(say_in("noun", "Sign-in")), shown, tuple(buttons))


_FEW_CODES = 3


def _passkeys(visit: Visit, second: Summary) -> Lines:
    lines = tuple(
        Line(
            "fingerprint",
            each.name,
            visit.say(_used(visit, each)),
            actions=(account_factors.REMOVE_PASSKEY.button(visit, id=each.id),),
        )
        for each in second.passkeys
    )
    none = say(
        "A passkey is a key on this computer, on your phone, or on a stick; nobody can steal it by mail."
    )
    return Lines(visit.say(say("Passkeys")), lines, visit.say(none), (account_factors.PASSKEY.button(visit),))


def _used(visit: Visit, each: factors.Passkey) -> Text:
    since = visit.instant(each.created_at)
    if each.used_at is None:
        return say("since {since}, not used yet", since=since)
    return say("since {since}, last used {used}", since=since, used=visit.instant(each.used_at))


def _places(visit: Visit, places: list[Place]) -> Lines:
    lines = tuple(
        Line(
            "device-desktop",
            browser(each.agent) or each.address,
            visit.say(
                say(
                    "{address} · {method} · since {since}, last request {seen}", address=each.address,
                    method=METHODS[each.method], since=visit.instant(each.began_at),
                    seen=visit.instant(each.seen_at),
                )
            ),
            visit.say(say("this one")) if each.current else "",
            () if each.current else (_end_button(visit, each),),
        )
        for each in places
    )  # fmt: skip
    others = Button(
        visit.say(say("End all others")), f"{PATH}/sessions/end-others", "logout", Tone.BAD, post=True,
        confirm=visit.say(say("End all your other sessions?")),
    )  # fmt: skip
    title = visit.say(say("Where you are signed in"))
    return Lines(title, lines, "", (others,) if len(places) > 1 else ())


def _end_button(visit: Visit, place: Place) -> Button:
    return Button(
        visit.say(say_in("session", "End")), f"{PATH}/sessions/{place.session_id}/end", "x", post=True
    )


async def _requests(tx: Tx, visit: Visit) -> TableView | None:
    mine = Condition("asked_by", Op.IS, (visit.who.operator_id,))
    arguments = approvals.arguments(visit, None)
    page = await APPROVALS.page(tx, Wish(arguments=arguments, conditions=[mine], most=_REQUESTS_SHOWN))
    if not page.rows:
        return None

    def number(_visit: Visit, row: Row) -> Cell:
        return Cell(f"{row['id']}", Look.CODE, href=f"{REQUESTS}/{row['id']}")

    columns = [Column(name="id", title=say("Number"), show=number, phone="title"), *approvals.SHORT]
    return plain_table(visit, "requests", columns, page.rows, say("Nothing was asked for."))


async def end(visit: Visit) -> Response:
    """End one of one's own sessions."""
    async with visit.tx() as tx:
        await sessions.end(tx, visit.who.operator_id, visit.number())
    return done(visit, PATH, say("The session is over."))


async def end_others(visit: Visit) -> Response:
    """End all of one's own sessions but this one."""
    async with visit.tx() as tx:
        ended = await sessions.end_all(tx, visit.who.operator_id, but=visit.who.session_id)
    return done(visit, PATH, say_count(ended, "{count} session ended.", "{count} sessions ended."))


PAGES = [
    Page(PATH, show, needs=Open.SIGNED_IN),
    Page(f"{PATH}/sessions/{{id:int}}/end", end, needs=Open.SIGNED_IN, methods=["POST"]),
    Page(f"{PATH}/sessions/end-others", end_others, needs=Open.SIGNED_IN, methods=["POST"]),
    *account_profile.PAGES,
]
