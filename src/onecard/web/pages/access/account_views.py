"""What the templates of the own account get."""

from dataclasses import dataclass

from onecard.web.kit.views import Button, FormView, TableView


@dataclass(frozen=True, slots=True)
class Line:
    """A passkey, or a browser that is signed in, with what can be done about it."""

    icon: str
    title: str
    detail: str
    mark: str = ""
    actions: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """Such lines under a heading."""

    title: str
    lines: tuple[Line, ...]
    none: str
    actions: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Own:
    """The parts of the page that are no facts."""

    passkeys: Lines
    places: Lines
    requests: TableView | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret for an authenticator app: as a picture, for typing, and the form for its first code."""

    svg: str
    secret: str
    form: FormView
