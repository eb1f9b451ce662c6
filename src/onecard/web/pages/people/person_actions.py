"""What can be done to one person: suspend, leave, come back, erase, reveal the ID number, photos, consent."""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile

from onecard.base.db import Tx
from onecard.base.errors import ConflictError, OneCardError
from onecard.base.texts import Text, say, say_in
from onecard.cards import service as cards
from onecard.desk import personnel
from onecard.ledger import service as ledger
from onecard.people import leaving, persons
from onecard.people.model import PersonFile, PersonState
from onecard.people.photos import consents
from onecard.people.photos import service as photos
from onecard.people.photos.consents import VERSION_MAX, Giver
from onecard.people.photos.model import FILE_MAX_MB, Prepared
from onecard.people.photos.process import prepare
from onecard.tenants.functions import F, Function
from onecard.web.kit.actions import Action, Asked
from onecard.web.kit.bulk import Nothing
from onecard.web.kit.fields import Ui
from onecard.web.kit.outcome import Outcome
from onecard.web.kit.views import Button, Tone
from onecard.web.kit.visit import Visit
from onecard.web.pages.people.person_form import same
from onecard.web.pages.people.person_words import PATH, joined, remains

ONE = f"{PATH}/{{id:int}}"
_SLOT = f"{ONE}/photos/{{slot:int}}"
GIVERS: dict[str, Text] = {Giver.PERSON: say_in("consent", "the person"), Giver.GUARDIAN: say("a guardian")}


class WhyForm(BaseModel):
    """Why something is done."""

    note: Annotated[
        str, Field(max_length=200), Ui(say("Reason"), wide=True, help=say("Stands in the audit."))
    ] = ""


class LeaveForm(BaseModel):
    """When somebody leaves, and why."""

    on: Annotated[date, Ui(say("Last day"))]
    note: Annotated[
        str, Field(max_length=200), Ui(say("Reason"), wide=True, help=say("Stands in the audit."))
    ] = ""


class ConsentForm(BaseModel):
    """Who consented to what."""

    given_by: Annotated[Giver, Ui(say("Given by"), kind="radio", words=GIVERS)] = Giver.PERSON
    giver: Annotated[str, Field(min_length=1, max_length=64), Ui(say("Name of whoever consented"))]
    text_version: Annotated[
        str, Field(min_length=1, max_length=VERSION_MAX),
        Ui(say("Version of the text"), help=say("Which text was signed, e.g. 2026-09.")),
    ]  # fmt: skip


class PhotoForm(BaseModel):
    """A photo as a file; `Prepared` once it was looked at."""

    photo: Annotated[
        Any,
        Ui(
            say("Photo"), kind="photo", accept="image/jpeg,image/png", wide=True,
            help=say(
                "JPEG or PNG, at most {most} MB. It is cropped to 3:4 and stored as at most 200 KB.",
                most=FILE_MAX_MB,
            ),
        ),
    ]  # fmt: skip


async def file_of(tx: Tx, visit: Visit) -> PersonFile:
    """The person the address names, as far as this visit sees people.

    Raises:
        NotFoundError: there is none.
    """
    return await persons.get(tx, visit.number(), departments=visit.scope)


async def _asked(tx: Tx, visit: Visit) -> Asked:
    return Asked(thing=_title(await file_of(tx, visit)))


def _title(file: PersonFile) -> str:
    return f"{file.number} {file.name}"


# --- states -------------------------------------------------------------------------------------------------


async def _suspend(tx: Tx, visit: Visit, form: WhyForm) -> Text:
    await personnel.suspend(tx, visit.number(), note=form.note, departments=visit.scope)
    return say("Suspended.")


async def _resume(tx: Tx, visit: Visit, form: WhyForm) -> Text:
    await personnel.resume(tx, visit.number(), note=form.note, departments=visit.scope)
    return say("Resumed.")


async def _ask_leave(tx: Tx, visit: Visit) -> Asked:
    file = await file_of(tx, visit)
    held, money = await cards.cards_of(tx, file.id), (await ledger.balances(tx, [file.id])).get(file.id)
    note = say("Access, cards, new money and face use end at once; the file stays.")
    if left := remains(visit, held, money):
        note = say(
            "Access, cards, new money and face use end at once; the file stays. Still to settle at a desk:"
            " {remains}. What is paid out follows the account class.", remains=joined(visit, left),
        )  # fmt: skip
    return Asked(thing=_title(file), values={"on": visit.today}, note=note)


async def _leave(tx: Tx, visit: Visit, form: LeaveForm) -> Text:
    await personnel.leave(tx, [visit.number()], on=form.on, note=form.note, departments=visit.scope)
    return say("Has left.")


async def _come_back(tx: Tx, visit: Visit, form: WhyForm) -> Text:
    await personnel.come_back(tx, visit.number(), note=form.note, departments=visit.scope)
    return say("Is back.")


async def _erase(tx: Tx, visit: Visit, form: WhyForm) -> Text:
    await leaving.erase(tx, visit.number(), note=form.note, departments=visit.scope)
    return say("Personal data are erased.")


# --- the ID number ------------------------------------------------------------------------------------------


async def _reveal(tx: Tx, visit: Visit, form: WhyForm) -> Text:
    file = await file_of(tx, visit)
    number = await persons.reveal_id_number(
        tx, visit.services.vault, file.id, departments=visit.scope, note=form.note
    )
    visit.outcome = Outcome(
        title=say("ID document number of {name}", name=file.name),
        sentence=say("It is shown this once. That you saw it is in the audit."),
        secrets=((say("ID document number"), number),),
        back=f"{PATH}/{file.id}",
    )
    return say("Shown.")


async def _forget(tx: Tx, visit: Visit, _form: Nothing) -> Text:
    file = await file_of(tx, visit)
    if not file.has_id_number:
        raise ConflictError(say("No ID document number of {name} is stored.", name=file.name))
    draft = same(file, id_number="")
    await persons.change(
        tx, visit.services.vault, file.id, draft, version=file.version, departments=visit.scope
    )
    return say("Deleted.")


# --- photos and consent -------------------------------------------------------------------------------------


async def prepared(content: bytes) -> Prepared:
    """A photo as it will be stored.

    Raises:
        OneCardError: the file will not do; the sentence says why.
    """
    if not content:
        raise OneCardError(say("Choose a photo."))
    return await prepare(content)


async def _look(_visit: Visit, form: PhotoForm) -> PhotoForm:
    content = await form.photo.read() if isinstance(form.photo, UploadFile) else b""
    return PhotoForm(photo=await prepared(content))


async def _put(tx: Tx, visit: Visit, form: PhotoForm) -> Text:
    photo, key = form.photo, visit.number()
    new = await photos.put(tx, key, photo, slot=visit.number("slot"), departments=visit.scope)
    if photo.findings:
        visit.outcome = Outcome(
            title=say("The photo is stored"),
            sentence=say("It will do for people to look at, but not for a face terminal."),
            points=tuple(photo.sentences),
            back=f"{PATH}/{key}",
            tone=Tone.WARN,
        )
    return say("The photo is stored, and fit for face terminals.") if new else say("It is the same photo.")


async def _take_away(tx: Tx, visit: Visit, _form: Nothing) -> Text:
    await photos.take_away(tx, visit.number(), slot=visit.number("slot"), departments=visit.scope)
    return say("Deleted.")


async def _ask_consent(tx: Tx, visit: Visit) -> Asked:
    file = await file_of(tx, visit)
    return Asked(thing=_title(file), values={"given_by": Giver.PERSON, "giver": file.name})


async def _consent(tx: Tx, visit: Visit, form: ConsentForm) -> Text:
    await consents.give(
        tx, visit.services.vault, visit.number(), given_by=form.given_by, giver=form.giver,
        text_version=form.text_version, today=visit.today, departments=visit.scope,
    )  # fmt: skip
    return say("The consent is recorded.")


async def _withdraw(tx: Tx, visit: Visit, _form: Nothing) -> Text:
    await consents.withdraw(tx, visit.number(), departments=visit.scope)
    return say("The consent is withdrawn; face terminals lose the photo.")


# --- the actions --------------------------------------------------------------------------------------------


def _action(path: str, label: Text, icon: str, needs: Function, carry_out: Any, **more: Any) -> Action:
    more = dict[str, Any](back=ONE, ask=_asked) | more
    return Action(path=f"{ONE}/{path}", label=label, icon=icon, needs=needs, carry_out=carry_out, **more)


REVEAL = _action(
    "reveal", say("Show the ID number"), "eye", F.PEOPLE_PERSON_REVEAL, _reveal, form=WhyForm,
    note=say("The number is shown once. Who saw it, when and why stands in the audit."),
)  # fmt: skip
FORGET = _action(
    "forget-id-number", say("Delete the ID number"), "id-off", F.PEOPLE_PERSON_CHANGE, _forget, danger=True,
    note=say("The number is removed from the file; it cannot be brought back."),
)  # fmt: skip
SUSPEND = _action(
    "suspend", say_in("person", "Suspend"), "user-pause", F.PEOPLE_PERSON_CHANGE, _suspend, form=WhyForm,
    note=say("Cards are refused and there is no new money until it is resumed. Nothing is lost."),
    danger=True,
)  # fmt: skip
RESUME = _action(
    "resume", say_in("person", "Resume"), "user-check", F.PEOPLE_PERSON_CHANGE, _resume, form=WhyForm,
    note=say("Cards are taken again, except those that are lost or frozen."),
)  # fmt: skip
LEAVE = _action(
    "leave", say_in("person", "Leave"), "door-exit", F.PEOPLE_PERSON_LEAVE, _leave, form=LeaveForm,
    ask=_ask_leave, danger=True,
)  # fmt: skip
COME_BACK = _action(
    "come-back", say_in("person", "Come back"), "door-enter", F.PEOPLE_PERSON_LEAVE, _come_back, form=WhyForm,
    note=say("The person is active again; cards that were not returned work again. Consents are given anew."),
)  # fmt: skip
ERASE = _action(
    "erase", say("Erase personal data"), "eraser", F.PEOPLE_PERSON_ERASE, _erase, form=WhyForm, danger=True,
    note=say("Name, contact, ID number, photos and custom fields go for ever; number and money trail stay."),
)  # fmt: skip
PHOTO = _action(
    "photos/{slot:int}", say("Upload a photo"), "camera", F.PEOPLE_PHOTO_CHANGE, _put, form=PhotoForm,
    ready=_look, upload=True, submit=say("Upload"),
)  # fmt: skip
TAKE_AWAY = _action(
    "photos/{slot:int}/delete", say("Delete the photo"), "trash", F.PEOPLE_PHOTO_CHANGE, _take_away,
    danger=True, note=say("It is gone for ever, also from face terminals."), call=False,
)  # fmt: skip
CONSENT = _action(
    "consent", say("Record a consent"), "signature", F.PEOPLE_PHOTO_CHANGE, _consent, form=ConsentForm,
    ask=_ask_consent,
    note=say("Only with consent does a face terminal get a photo; children under 14 need a guardian."),
)  # fmt: skip
WITHDRAW = _action(
    "withdraw-consent", say("Withdraw the consent"), "signature-off", F.PEOPLE_PHOTO_CHANGE, _withdraw,
    danger=True, note=say("Face terminals lose the photo at once; cards and codes go on working."),
)  # fmt: skip

ACTIONS = (
    REVEAL, FORGET, SUSPEND, RESUME, LEAVE, COME_BACK, ERASE, PHOTO, TAKE_AWAY, CONSENT, WITHDRAW
)  # fmt: skip
PAGES = [page for action in ACTIONS for page in action.pages()]


def buttons(visit: Visit, file: PersonFile) -> tuple[Button, ...]:
    """What can be done now, the usual thing last."""
    if file.erased:
        return ()
    fits = {
        FORGET: file.has_id_number,
        SUSPEND: file.state is PersonState.ACTIVE,
        RESUME: file.state is PersonState.SUSPENDED,
        LEAVE: file.state is not PersonState.LEFT,
        COME_BACK: file.state is PersonState.LEFT,
        ERASE: file.state is PersonState.LEFT,
    }
    found = [
        action.button(visit, menu=True, id=file.id)
        for action, fit in fits.items()
        if fit and visit.may(action.needs)
    ]
    if visit.may(F.PEOPLE_PERSON_CHANGE):
        href = f"{PATH}/{file.id}/change"
        found.append(Button(visit.say(say("Change")), href, "pencil", Tone.PRIMARY, "e", dialog=True))
    return tuple(found)
