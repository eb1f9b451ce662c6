"""What surrounds a page."""

from dataclasses import dataclass

from onecard.web.kit.views.parts import Button


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the menu; `key` is what `g` + letter jumps to, if any."""

    label: str
    href: str
    icon: str
    active: bool = False


@dataclass(frozen=True, slots=True)
class NavArea:
    """A collapsible part of the menu."""

    name: str
    label: str
    icon: str
    items: tuple[NavItem, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Shell:
    """Everything around a page: menu, who is signed in, language, theme.

    Attributes:
        title: of the page.
        language: `zh-CN` or `en`; `languages` are (code, own name) to choose from.
        theme: `auto`, `light` or `dark`.
        tenant: name of the institution, empty before sign-in.
        operator: name of who is signed in; None: nobody.
        account: the operator's account number.
        nav: the menu, only what is allowed.
        recent: recently used pages, newest first.
        crumbs: (label, href) from the area down to the page before this one.
        idle_s: seconds without a request after which the session ends; 0 without a session.
        version: of the program; `schema` of the database.
        help_href: page of the guide.
    """

    title: str
    language: str
    theme: str
    languages: tuple[tuple[str, str], ...]
    tenant: str = ""
    tenant_logo: str = ""
    operator: str | None = None
    account: str = ""
    nav: tuple[NavArea, ...] = ()
    recent: tuple[NavItem, ...] = ()
    crumbs: tuple[tuple[str, str], ...] = ()
    path: str = "/"
    idle_s: int = 0
    version: str = ""
    schema: str = ""
    events: bool = False
    # where the layout's own links lead; forms post `language` or `theme` and `next` to preferences
    home_href: str = "/"
    account_href: str = "/account"
    search_href: str = "/search"
    preferences_href: str = "/preferences"
    sign_out_href: str = "/sign-out"
    events_href: str = "/events"


@dataclass(frozen=True, slots=True)
class Found:
    """One hit of the global search."""

    label: str
    href: str
    icon: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SearchView:
    """What the global search shows: groups of hits."""

    query: str
    groups: tuple[tuple[str, tuple[Found, ...]], ...]


@dataclass(frozen=True, slots=True)
class ErrorView:
    """A page or panel that says what happened, whether anything changed, and what to do next."""

    status: int
    title: str
    sentence: str
    next: str = ""
    actions: tuple[Button, ...] = ()
    reference: str = ""  # to find it in the log
