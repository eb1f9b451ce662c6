"""What came of an action, where a toast would be too little: secrets shown once, requests that wait."""

from dataclasses import dataclass

from starlette.responses import Response

from onecard.base.errors import OneCardError
from onecard.base.texts import Text
from onecard.web.kit import render
from onecard.web.kit.views import Button, Tone
from onecard.web.kit.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is shown instead of closing the dialog.

    Attributes:
        title: of the dialog or page.
        sentence: what happened.
        secrets: (label, value) that nobody can look up again.
        points: what there is to know about it, one sentence each.
        codes: a list of short secrets, e.g. recovery codes.
        note: what to do with them.
        actions: where to go next.
        back: where the page leads when it is closed.
    """

    title: Text
    sentence: Text
    back: str
    secrets: tuple[tuple[Text, str], ...] = ()
    codes: tuple[str, ...] = ()
    points: tuple[Text, ...] = ()
    note: Text | None = None
    actions: tuple[Button, ...] = ()
    tone: Tone = Tone.GOOD


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """The same in the reader's language, for the template."""

    title: str
    sentence: str
    back: str
    secrets: tuple[tuple[str, str], ...]
    codes: tuple[str, ...]
    points: tuple[str, ...]
    note: str
    actions: tuple[Button, ...]
    tone: Tone


def show(visit: Visit, outcome: Outcome) -> Response:
    """The outcome in the dialog, or as a page; lists behind the dialog are fetched again when it closes."""
    view = OutcomeView(
        title=visit.say(outcome.title),
        sentence=visit.say(outcome.sentence),
        back=outcome.back,
        secrets=tuple((visit.say(label), value) for label, value in outcome.secrets),
        codes=outcome.codes,
        points=tuple(visit.say(each) for each in outcome.points),
        note=visit.say(outcome.note) if outcome.note else "",
        actions=outcome.actions,
        tone=outcome.tone,
    )
    part = bool(visit.partial)
    template = "_outcome.html" if part else "outcome.html"
    return render.html(visit, template, title=outcome.title, part=part, outcome=view)


PAGE_FORM = "form-host"  # a form that is a page of its own goes on to another page; the dialog closes


def said(error: OneCardError) -> Text:
    """The sentence of an error."""
    sentence = error.args[0] if error.args else ""
    return sentence if isinstance(sentence, Text) else Text(str(sentence))


def done(visit: Visit, href: str, sentence: Text) -> Response:
    """After success: the dialog closes and the list is fetched again; without a dialog, to the list."""
    if visit.answer is not None:
        return visit.answer
    if visit.outcome is not None:
        return show(visit, visit.outcome)
    visit.toast(sentence)
    if visit.partial and visit.partial != PAGE_FORM:
        return render.with_toasts(visit, Response(status_code=204), saved={"href": href})
    return render.go(visit, href)
