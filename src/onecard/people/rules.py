"""Rules about people that need no database: the department tree, the form of numbers, phones and names."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import cached_property

from onecard.base.errors import OneCardError
from onecard.base.texts import Text, say
from onecard.people.model import Department

NUMBER_MAX = 32
NAME_MAX = 64
CODE_MAX = 32
EMAIL_MAX = 254
REMARK_MAX = 500
GUARDED_BELOW_YEARS = 14  # whose face data need a guardian's consent (personal information protection law)
ID_NUMBER_MAX = 32

_RESIDENT = re.compile(r"\d{17}[\dX]", re.ASCII)
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_ABROAD = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_EMAIL = re.compile(r"[^@\s<>\"',;]+@[^@\s<>\"',;.]+(\.[^@\s<>\"',;.]+)+")
_MASKED_FULLY_BELOW = 15
_BLANKS = re.compile(r"[\s\u200b\ufeff-]+")


class DepartmentTree:
    """Departments found by name or path; built from all of a tenant's departments."""

    def __init__(self, departments: Iterable[Department]) -> None:
        """`departments` in the order in which they are shown."""
        self._all = {department.id: department for department in departments}

    @property
    def all(self) -> list[Department]:
        """All of them, in no particular order."""
        return list(self._all.values())

    def get(self, department_id: int) -> Department | None:
        """The department of this id."""
        return self._all.get(department_id)

    def path(self, department_id: int) -> str:
        """Names from below the root down, joined by `/`; the root's own name for the root."""
        names = [*self._names(department_id)]
        return "/".join(names[1:] or names)

    def find(self, text: str) -> list[int]:
        """Ids of the departments meant by a name (`七年级1班`) or a path (`初中部/七年级1班`).

        The root may lead the path or be left out. One id: found; none: unknown; several: the name alone does
        not tell which.
        """
        parts = tuple(part.strip() for part in text.replace("\uff0f", "/").strip("/ ").split("/"))
        return self._by_path.get(parts) or self._by_name.get(parts, [])

    def outline(self) -> list[tuple[int, Department]]:
        """Depth and department, parents before children, siblings by position and name."""
        lines: list[tuple[int, Department]] = []

        def add(parent_id: int | None, depth: int) -> None:
            for department in self._children.get(parent_id, []):
                lines.append((depth, department))
                add(department.id, depth + 1)

        add(None, 0)
        return lines

    @cached_property
    def _children(self) -> dict[int | None, list[Department]]:
        children: dict[int | None, list[Department]] = {}
        for department in sorted(self._all.values(), key=lambda each: (each.position, each.name)):
            children.setdefault(department.parent_id, []).append(department)
        return children

    @cached_property
    def _by_path(self) -> dict[tuple[str, ...], list[int]]:
        found: dict[tuple[str, ...], list[int]] = {}
        for department_id in self._all:
            names = tuple(self._names(department_id))
            found[names] = [department_id]
        for department_id in self._all:
            names = tuple(self._names(department_id))[1:]
            if names:
                found.setdefault(names, [department_id])
        # a single word is a name anywhere in the tree, so that two namesakes are noticed
        return {names: ids for names, ids in found.items() if len(names) > 1}

    @cached_property
    def _by_name(self) -> dict[tuple[str, ...], list[int]]:
        found: dict[tuple[str, ...], list[int]] = {}
        for department in self._all.values():
            found.setdefault((department.name,), []).append(department.id)
        return found

    def _names(self, department_id: int) -> Iterable[str]:
        department = self._all[department_id]
        if department.parent_id is not None:
            yield from self._names(department.parent_id)
        yield department.name


def tidy(text: str) -> str:
    """Text without the blanks around it (also ideographic and zero-width ones)."""
    return text.strip(" \t\r\n\u00a0\u3000\u200b\ufeff")


def plain(text: str) -> str:
    """A person's number as it is stored: full-width forms made plain, blanks around it removed."""
    return tidy(unicodedata.normalize("NFKC", text))


def compact(text: str) -> str:
    """Digits and letters however typed: full-width forms made plain, blanks and hyphens removed."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text))


def has_control_characters(text: str) -> bool:
    """Whether the text holds something unprintable: line breaks, direction marks, lone surrogates."""
    return any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} for character in text)


def parse_phone(text: str) -> str | None:
    """A phone as it is stored: 11 digits for a Chinese mobile, `+` and digits for others; None: malformed."""
    phone = compact(text).replace("(", "").replace(")", "")
    if phone.startswith("+86") and _MOBILE.fullmatch(phone[3:]):
        return phone[3:]
    if _MOBILE.fullmatch(phone) or _ABROAD.fullmatch(phone):
        return phone
    return None


def parse_id_number(text: str) -> str | None:
    """An ID document's number as it is stored; None when malformed.

    Eighteen digits are a Chinese resident identity number (GB 11643) and must have a real date and check
    character; anything else is some other document's number.
    """
    number = compact(text).upper()
    if not number or len(number) > ID_NUMBER_MAX or has_control_characters(number):
        return None
    if _RESIDENT.fullmatch(number) and not _is_resident_number(number):
        return None
    return number


def _is_resident_number(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number, _RESIDENT_WEIGHTS, strict=False))
    if _RESIDENT_CHECKS[total % 11] != number[17]:
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return True


def mask_id_number(number: str) -> str:
    """What may be shown of an ID number without the right to see it: `3301**********1234`.

    Of short numbers, which eight characters would give away, the last two.
    """
    if len(number) < _MASKED_FULLY_BELOW:
        return "*" * max(len(number) - 2, 0) + number[-2:]
    return number[:4] + "*" * (len(number) - 8) + number[-4:]


def born_on(id_number: str) -> date | None:
    """The day of birth that a Chinese resident identity number tells; None for other documents."""
    if not _RESIDENT.fullmatch(id_number) or not _is_resident_number(id_number):
        return None
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def age_on(born: date, day: date) -> int:
    """Whole years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def parse_email(text: str) -> str | None:
    """An e-mail address as it is stored; None: malformed. Whether it reaches anybody is not for us to say."""
    email = tidy(unicodedata.normalize("NFKC", text))
    return email if len(email) <= EMAIL_MAX and _EMAIL.fullmatch(email) else None


def usable_name(name: str, what: Text) -> str:
    """A name as it is stored.

    Raises:
        OneCardError: it is empty, too long, or holds something unprintable.
    """
    name = tidy(name)
    if not name or len(name) > NAME_MAX or has_control_characters(name):
        message = say("The name of {what} has 1 to {most} printable characters.", what=what, most=NAME_MAX)
        raise OneCardError(message)
    return name
