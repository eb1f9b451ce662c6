"""One person: the file, photos, cards, money, what happened to it, what can be done."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.responses import Response

from onecard.base.db import Row, Tx
from onecard.base.listing import Wish
from onecard.base.texts import Text, say, say_in
from onecard.cards import service as cards
from onecard.cards.model import HeldCard
from onecard.ledger import service as ledger
from onecard.ledger.model import Balances
from onecard.people import fields, persons
from onecard.people.model import CustomField, PersonFile, PersonState
from onecard.people.photos import consents
from onecard.people.photos import service as photos
from onecard.people.photos.consents import Consent
from onecard.people.photos.model import FINDINGS, SLOTS, Photo
from onecard.tenants.audit.lists import ENTRIES
from onecard.tenants.functions import F
from onecard.web.kit import render
from onecard.web.kit.columns import Column
from onecard.web.kit.jobs import actor_words
from onecard.web.kit.tables import as_rows, plain_table
from onecard.web.kit.views import Button, Cell, Fact, Facts, Look, RecordView, TableView, Tone
from onecard.web.kit.visit import Visit
from onecard.web.pages.people import person_actions as actions
from onecard.web.pages.people.person_form import GENDERS, custom_words
from onecard.web.pages.people.person_words import (
    CARD_STATES,
    PURSES,
    STATES,
    TECHNOLOGIES,
    joined,
    remains,
)
from onecard.web.pages.system import audit_words

_ENTRIES_MOST = 10
_LOOKED_AT = 60  # entries among which those of others with a number that begins the same may be


@dataclass(frozen=True, slots=True)
class PhotoView:
    """A place for a photo as the page shows it.

    Attributes:
        title: photo 1 or 2.
        href: of the picture; empty: there is none.
        verdicts: what the face check says, (sentence, tone).
        actions: add, replace, delete.
    """

    title: str
    href: str
    verdicts: tuple[tuple[str, Tone], ...]
    actions: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """All a page needs of a person."""

    file: PersonFile
    own: list[CustomField]
    photos: list[Photo]
    consents: list[Consent]
    cards: list[HeldCard]
    balances: Balances | None
    entries: list[Row]


async def _known(tx: Tx, visit: Visit, key: int) -> _Known:
    file = await persons.get(tx, key, vault=visit.services.vault, departments=visit.scope)
    seen = visit.may(F.PEOPLE_PHOTO_VIEW)
    entries: list[Row] = []
    # of whom was erased, the page does not show what the audit still knows
    if visit.may(F.SYSTEM_AUDIT_VIEW) and not file.erased:
        found = await ENTRIES.slice(tx, Wish(arguments={"search": file.number}), 0, _LOOKED_AT)
        entries = [row for row in found if (row["thing"], row["subject"]) == ("person", file.number)]
    return _Known(
        file=file,
        own=await fields.fields(tx),
        photos=await photos.photos(tx, key) if seen else [],
        consents=await consents.consents(tx, key) if seen else [],
        cards=await cards.cards_of(tx, key),
        balances=(await ledger.balances(tx, [key])).get(key),
        entries=entries[:_ENTRIES_MOST],
    )


async def show(visit: Visit) -> Response:
    """The page."""
    async with visit.tx() as tx:
        known = await _known(tx, visit, visit.number())
    file = known.file
    first = known.photos[0] if known.photos else None
    record = RecordView(
        title=file.name,
        subtitle=f"{file.number} · {file.department}",
        badges=_badges(visit, file),
        picture=photo_href(file.id, first) if first else "",
        actions=actions.buttons(visit, file),
        parts=(_basics(visit, file), *_details(visit, known)),
        side=(_account(visit, known),),
        tables=_tables(visit, known),
        **_message(visit, known),
    )
    shown = visit.may(F.PEOPLE_PHOTO_VIEW) and not file.erased
    return render.html(
        visit, "person.html", title=file.name, record=record,
        photos=_photos(visit, known) if shown else (), consent=_consent(visit, known) if shown else None,
    )  # fmt: skip


def photo_href(person_id: int, photo: Photo, size: str = "") -> str:
    """Where a photo is; the address changes with its content, so that browsers may keep it."""
    href = f"/people/photos/{person_id}/{photo.slot}?v={photo.sha256[:8].hex()}"
    return f"{href}&size={size}" if size else href


def _badges(visit: Visit, file: PersonFile) -> tuple[tuple[str, Tone], ...]:
    text, tone = STATES[file.state]
    badges = [(visit.say(text), tone)]
    if file.erased:
        badges.append((visit.say(say("Personal data erased")), Tone.MUTED))
    return tuple(badges)


def _message(visit: Visit, known: _Known) -> dict[str, Any]:
    """What is still to do for somebody who has left: cards to return, money to pay out."""
    if known.file.state is not PersonState.LEFT:
        return {}
    open_ends = remains(visit, known.cards, known.balances)
    if not open_ends:
        return {}
    sentence = say(
        "{name} has left, but not everything is settled: {remains}. Settle it at a desk.",
        name=known.file.name, remains=joined(visit, open_ends),
    )  # fmt: skip
    return {"message": visit.say(sentence), "message_tone": Tone.WARN}


# --- facts --------------------------------------------------------------------------------------------------


def _fact(visit: Visit, label: Text, value: str | Text | None, look: Look = Look.TEXT, **more: Any) -> Fact:
    return Fact(visit.say(label), Cell(visit.say(value or ""), look), **more)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _basics(visit: Visit, file: PersonFile) -> Facts:
    facts = [
        _fact(visit, say("Person number"), file.number, Look.CODE),
        _fact(visit, say("Department"), file.department),
        _fact(visit, say("Account class"), file.class_name),
        _fact(visit, say("Gender"), GENDERS[file.gender] if file.gender else None),
        _fact(visit, say("ID document number"), file.id_number_masked, Look.CODE),
        _fact(visit, say("Phone"), file.phone, Look.CODE),
        _fact(visit, say("E-mail"), file.email),
        _fact(visit, say("Entered on"), _day(file.entered_on)),
        _fact(visit, say("Leaves on"), _day(file.leaves_on)),
    ]
    if file.left_on:
        facts.append(_fact(visit, say("Left on"), file.left_on.isoformat()))
    if file.remark:
        facts.append(_fact(visit, say("Remark"), file.remark, wide=True))
    reveal: tuple[Button, ...] = ()
    if file.has_id_number and visit.may(F.PEOPLE_PERSON_REVEAL):
        reveal = (actions.REVEAL.button(visit, id=file.id),)
    return Facts(visit.say(say_in("person", "File")), tuple(facts), reveal)


def _details(visit: Visit, known: _Known) -> tuple[Facts, ...]:
    """Custom fields, if the tenant has any."""
    facts = tuple(
        Fact(each.name, Cell(custom_words(visit, each, known.file.custom.get(each.id)))) for each in known.own
    )
    return (Facts(visit.say(say("Custom fields")), facts),) if facts else ()


def _money(visit: Visit, amount: int) -> Cell:
    return Cell(visit.money(amount), Look.MONEY, Tone.BAD if amount < 0 else Tone.PLAIN)


def _account(visit: Visit, known: _Known) -> Facts:
    """Balances of purses, and when the file was made and changed."""
    file, facts = known.file, []
    if known.balances is not None:
        facts = [
            Fact(
                visit.say(words),
                Cell(visit.money(amount), Look.MONEY, Tone.BAD if amount < 0 else Tone.PLAIN),
            )
            for name, words in PURSES.items()
            for amount in (getattr(known.balances, name),)
        ]
    facts += [
        _fact(visit, say("Created"), visit.instant(file.created_at)),
        _fact(visit, say("Changed"), visit.instant(file.changed_at)),
    ]
    return Facts(visit.say(say("Account")), tuple(facts))


# --- photos and consent -------------------------------------------------------------------------------------


def _photos(visit: Visit, known: _Known) -> tuple[PhotoView, ...]:
    found = {each.slot: each for each in known.photos}
    return tuple(_photo(visit, known.file, slot, found.get(slot)) for slot in SLOTS)


def _photo(visit: Visit, file: PersonFile, slot: int, photo: Photo | None) -> PhotoView:
    buttons: tuple[Button, ...] = ()
    if visit.may(F.PEOPLE_PHOTO_CHANGE) and file.state is not PersonState.LEFT:
        buttons = (actions.PHOTO.button(visit, id=file.id, slot=slot),)
    if visit.may(F.PEOPLE_PHOTO_CHANGE) and photo:
        buttons += (actions.TAKE_AWAY.button(visit, id=file.id, slot=slot),)
    title = visit.say(say("Photo {slot}", slot=slot))
    if photo is None:
        return PhotoView(title, "", (), buttons)
    verdicts = [(visit.say(FINDINGS[each]), Tone.WARN) for each in photo.findings]
    if not verdicts:
        verdicts = [(visit.say(say("Fit for face terminals.")), Tone.GOOD)]
    if photo.face_use:
        verdicts.append((visit.say(say("Used by face terminals.")), Tone.PRIMARY))
    return PhotoView(title, photo_href(file.id, photo), tuple(verdicts), buttons)


def _consent(visit: Visit, known: _Known) -> Facts:
    """The consent that is in force, or that there is none, and what was before."""
    facts = [_consent_fact(visit, each) for each in known.consents]
    if not known.file.face_consent:
        none = say("Without consent no face terminal gets a photo.")
        facts.insert(0, Fact(visit.say(say("Now")), Cell(visit.say(none)), wide=True))
    buttons: tuple[Button, ...] = ()
    if visit.may(F.PEOPLE_PHOTO_CHANGE):
        if known.file.face_consent:
            buttons = (actions.WITHDRAW.button(visit, id=known.file.id),)
        elif known.file.state is not PersonState.LEFT:
            buttons = (actions.CONSENT.button(visit, id=known.file.id),)
    return Facts(visit.say(say("Consent to face use")), tuple(facts), buttons)


def _consent_fact(visit: Visit, consent: Consent) -> Fact:
    kind = visit.say(actions.GIVERS[consent.given_by])
    sentence = say("{giver} ({kind}), text {version}, {at}", giver=consent.giver or "***", kind=kind,
                   version=consent.text_version, at=visit.instant(consent.given_at))  # fmt: skip
    label = say("In force since")
    if consent.withdrawn_at is not None:
        label = say("Withdrawn {at}", at=visit.instant(consent.withdrawn_at))
    return Fact(visit.say(label), Cell(visit.say(sentence)), wide=True)


# --- lists --------------------------------------------------------------------------------------------------


def _card_state(visit: Visit, row: Row) -> Cell:
    text, tone = CARD_STATES[row["state"]]
    return Cell(visit.say(text), Look.BADGE, tone)


def _technology(visit: Visit, row: Row) -> Cell:
    return Cell(visit.say(TECHNOLOGIES.get(row["technology"], row["technology"])))


def _card_number(_visit: Visit, row: Row) -> Cell:
    return Cell(str(row["number"] or ""), Look.CODE)


_CARDS = (
    Column(name="number", title=say("Card number"), look=Look.CODE, show=_card_number, phone="sub"),
    Column(name="uid", title=say("Card UID"), look=Look.CODE, phone="title"),
    Column(name="technology", title=say("Card technology"), show=_technology),
    Column(name="state", title=say("State"), show=_card_state),
    Column(name="valid_until", title=say("Valid until")),
    Column(name="issued_at", title=say("Issued at"), look=Look.INSTANT),
)


def _who(visit: Visit, row: Row) -> Cell:
    return Cell(actor_words(visit, row["actor"]))


def _changes(visit: Visit, row: Row) -> Cell:
    parts = audit_words.differences(visit, row["before"], row["after"])
    return Cell(row["note"], Look.DIFF if parts else Look.TEXT, parts=parts)


def _what(visit: Visit, row: Row) -> Cell:
    label = audit_words.FUNCTIONS.get(row["function"], Text(row["function"]))
    return Cell(visit.say(label), href=f"/system/audit/{row['number']}")


_ENTRIES = (
    Column(name="at", title=say("When"), look=Look.INSTANT, phone="sub"),
    Column(name="actor", title=say("Who"), show=_who, look=Look.CODE),
    Column(name="function", title=say("What"), show=_what, phone="title"),
    Column(name="changes", title=say("Changes"), show=_changes),
)


def _tables(visit: Visit, known: _Known) -> tuple[tuple[str, TableView], ...]:
    none = say("No card yet. Cards are issued at a desk.")
    shown = plain_table(visit, "cards", _CARDS, as_rows(known.cards), none)
    tables = [(visit.say(say("Cards")), shown)]
    if visit.may(F.SYSTEM_AUDIT_VIEW) and not known.file.erased:
        none = say("Nothing was written down yet.")
        entries = plain_table(visit, "entries", _ENTRIES, known.entries, none)
        tables.append((visit.say(say("Latest changes")), entries))
    return tuple(tables)
