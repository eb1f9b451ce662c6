"""Every function (功能) an operator or an API key may be allowed to do, in the order of the menu.

A function is `area:thing:action`. Pages, buttons and API calls declare the one they need; roles and single
grants are sets of them. The tree that is shown when functions are granted is made of the same declarations.
"""

from dataclasses import dataclass
from enum import StrEnum

from onecard.base.texts import Text, say, say_in


class Function(StrEnum):
    """All functions, alphabetically; the comment behind a group says where it is used."""

    ACCESS_API_KEY_CHANGE = "access:api-key:change"
    ACCESS_API_KEY_VIEW = "access:api-key:view"
    ACCESS_APPROVAL_DECIDE = "access:approval:decide"
    ACCESS_APPROVAL_VIEW = "access:approval:view"
    ACCESS_OPERATOR_CHANGE = "access:operator:change"
    ACCESS_OPERATOR_GRANT = "access:operator:grant"
    ACCESS_OPERATOR_PASSWORD = "access:operator:password"  # noqa: S105  the name of a function
    ACCESS_OPERATOR_VIEW = "access:operator:view"
    ACCESS_ROLE_CHANGE = "access:role:change"
    ACCESS_ROLE_VIEW = "access:role:view"
    ACCESS_SESSION_END = "access:session:end"
    ACCESS_SESSION_VIEW = "access:session:view"
    PEOPLE_CLASS_CHANGE = "people:class:change"
    PEOPLE_CLASS_VIEW = "people:class:view"
    PEOPLE_DEPARTMENT_CHANGE = "people:department:change"
    PEOPLE_DEPARTMENT_MOVE = "people:department:move"
    PEOPLE_DEPARTMENT_VIEW = "people:department:view"
    PEOPLE_FIELD_CHANGE = "people:field:change"
    PEOPLE_FIELD_VIEW = "people:field:view"
    PEOPLE_PERSON_CHANGE = "people:person:change"
    PEOPLE_PERSON_ERASE = "people:person:erase"
    PEOPLE_PERSON_EXPORT = "people:person:export"
    PEOPLE_PERSON_IMPORT = "people:person:import"
    PEOPLE_PERSON_LEAVE = "people:person:leave"
    PEOPLE_PERSON_MOVE = "people:person:move"
    PEOPLE_PERSON_REVEAL = "people:person:reveal"
    PEOPLE_PERSON_VIEW = "people:person:view"
    PEOPLE_PHOTO_CHANGE = "people:photo:change"
    PEOPLE_PHOTO_VIEW = "people:photo:view"
    SYSTEM_AUDIT_EXPORT = "system:audit:export"
    SYSTEM_AUDIT_VIEW = "system:audit:view"
    SYSTEM_ENTERPRISE_CHANGE = "system:enterprise:change"
    SYSTEM_ENTERPRISE_VIEW = "system:enterprise:view"
    SYSTEM_JOB_CANCEL = "system:job:cancel"
    SYSTEM_JOB_VIEW = "system:job:view"

    @property
    def area(self) -> str:
        """The part of the menu."""
        return self.split(":", 1)[0]

    @property
    def thing(self) -> str:
        """`area:thing`: what the screen is about."""
        return self.rsplit(":", 1)[0]


F = Function

DANGEROUS = frozenset(
    {
        F.ACCESS_API_KEY_CHANGE,
        F.ACCESS_OPERATOR_GRANT,
        F.ACCESS_OPERATOR_PASSWORD,
        F.ACCESS_ROLE_CHANGE,
        F.PEOPLE_PERSON_ERASE,
        F.PEOPLE_PERSON_LEAVE,
        F.PEOPLE_PERSON_MOVE,
        F.SYSTEM_ENTERPRISE_CHANGE,
    }
)
"""Functions that ask for the operator's password again (spec: mass changes, authority itself)."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A function and its label."""

    function: Function
    label: Text


@dataclass(frozen=True, slots=True)
class Branch:
    """A screen of the menu and the functions of it; `name` is `area:thing`."""

    name: str
    label: Text
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the menu."""

    name: str
    label: Text
    branches: tuple[Branch, ...]


TREE: tuple[Area, ...] = (
    Area(
        "people",
        say("Personnel"),
        (
            Branch(
                "people:person",
                say("Personnel files"),
                (
                    Leaf(F.PEOPLE_PERSON_VIEW, say("View personnel files")),
                    Leaf(F.PEOPLE_PERSON_CHANGE, say("Create and change personnel files")),
                    Leaf(F.PEOPLE_PERSON_REVEAL, say("See ID document numbers in full")),
                    Leaf(F.PEOPLE_PERSON_MOVE, say("Move people, move classes up, graduate")),
                    Leaf(F.PEOPLE_PERSON_LEAVE, say("Let people leave and come back")),
                    Leaf(F.PEOPLE_PERSON_IMPORT, say("Import people and photos")),
                    Leaf(F.PEOPLE_PERSON_EXPORT, say("Export people")),
                    Leaf(F.PEOPLE_PERSON_ERASE, say("Erase personal data")),
                ),
            ),
            Branch(
                "people:photo",
                say("Photos"),
                (
                    Leaf(F.PEOPLE_PHOTO_VIEW, say("View photos")),
                    Leaf(F.PEOPLE_PHOTO_CHANGE, say("Change photos and record consent")),
                ),
            ),
            Branch(
                "people:department",
                say("Departments"),
                (
                    Leaf(F.PEOPLE_DEPARTMENT_VIEW, say("View departments")),
                    Leaf(F.PEOPLE_DEPARTMENT_CHANGE, say("Create, rename and delete departments")),
                    Leaf(F.PEOPLE_DEPARTMENT_MOVE, say("Move departments")),
                ),
            ),
            Branch(
                "people:class",
                say("Account classes"),
                (
                    Leaf(F.PEOPLE_CLASS_VIEW, say("View account classes")),
                    Leaf(F.PEOPLE_CLASS_CHANGE, say("Change account classes")),
                ),
            ),
            Branch(
                "people:field",
                say("Custom fields"),
                (
                    Leaf(F.PEOPLE_FIELD_VIEW, say("View custom fields")),
                    Leaf(F.PEOPLE_FIELD_CHANGE, say("Change custom fields")),
                ),
            ),
        ),
    ),
    Area(
        "access",
        say("Operators and authority"),
        (
            Branch(
                "access:operator",
                say("Operators"),
                (
                    Leaf(F.ACCESS_OPERATOR_VIEW, say("View operators")),
                    Leaf(F.ACCESS_OPERATOR_CHANGE, say("Create, change and disable operators")),
                    Leaf(F.ACCESS_OPERATOR_PASSWORD, say("Reset passwords and second factors")),
                    Leaf(F.ACCESS_OPERATOR_GRANT, say("Grant roles and functions")),
                ),
            ),
            Branch(
                "access:role",
                say("Roles"),
                (
                    Leaf(F.ACCESS_ROLE_VIEW, say("View roles")),
                    Leaf(F.ACCESS_ROLE_CHANGE, say("Change roles")),
                ),
            ),
            Branch(
                "access:session",
                say("Sessions"),
                (
                    Leaf(F.ACCESS_SESSION_VIEW, say("View sessions of all operators")),
                    Leaf(F.ACCESS_SESSION_END, say("End sessions of other operators")),
                ),
            ),
            Branch(
                "access:approval",
                say("Approvals"),
                (
                    Leaf(F.ACCESS_APPROVAL_VIEW, say("View requests for approval")),
                    Leaf(F.ACCESS_APPROVAL_DECIDE, say("Approve or refuse what others ask for")),
                ),
            ),
            Branch(
                "access:api-key",
                say("API keys"),
                (
                    Leaf(F.ACCESS_API_KEY_VIEW, say("View API keys")),
                    Leaf(F.ACCESS_API_KEY_CHANGE, say("Create and revoke API keys")),
                ),
            ),
        ),
    ),
    Area(
        "system",
        say("System settings"),
        (
            Branch(
                "system:enterprise",
                say("Enterprise"),
                (
                    Leaf(F.SYSTEM_ENTERPRISE_VIEW, say("View enterprise settings")),
                    Leaf(F.SYSTEM_ENTERPRISE_CHANGE, say("Change enterprise settings")),
                ),
            ),
            Branch(
                "system:audit",
                say_in("screen", "Audit"),
                (
                    Leaf(F.SYSTEM_AUDIT_VIEW, say("View the audit log")),
                    Leaf(F.SYSTEM_AUDIT_EXPORT, say("Export the audit log")),
                ),
            ),
            Branch(
                "system:job",
                say("Jobs"),
                (
                    Leaf(F.SYSTEM_JOB_VIEW, say("View jobs of all operators")),
                    Leaf(F.SYSTEM_JOB_CANCEL, say("Cancel jobs of other operators")),
                ),
            ),
        ),
    ),
)

LABELS: dict[Function, Text] = {
    leaf.function: leaf.label for area in TREE for branch in area.branches for leaf in branch.leaves
}
