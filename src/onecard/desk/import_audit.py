"""What the audit keeps of an import: one entry for each person it made or changed."""

from collections.abc import Mapping
from typing import Any

from onecard.desk.model import Known, Plan, RowPlan, Verdict
from onecard.people.model import Person, PersonDraft
from onecard.tenants.audit import Entry, differing
from onecard.tenants.functions import F


def entries(made: Plan, known: Known, classes: Mapping[int, str]) -> list[Entry]:
    """The entries of a plan that was carried out, in the order of its rows.

    Args:
        made: the plan.
        known: what was there before.
        classes: names by id.
    """
    return [
        _entry(row, row.draft, known, classes)
        for row in made.rows
        if row.draft is not None and row.verdict in {Verdict.NEW, Verdict.CHANGED}
    ]


def _entry(row: RowPlan, draft: PersonDraft, known: Known, classes: Mapping[int, str]) -> Entry:
    person = known.persons.get(draft.number)
    if person is None:
        before, after = None, _shown(draft, known, classes)
    else:
        before, after = differing(_shown(person, known, classes), _shown(draft, known, classes))
        # an empty optional cell leaves what is stored
        if draft.gender is None:
            after.pop("gender", None)
            before.pop("gender", None)
    # the audit cannot forget: of what identifies or reaches somebody it keeps that it changed
    if draft.phone is not None and (person is None or person.phone != draft.phone):
        after["phone"] = "changed"
    if draft.id_number is not None and (person is None or known.tag(draft.id_number) != person.id_number_tag):
        after["id_number"] = "changed"
    if row.uid is not None:
        after["card"] = row.uid
    return Entry(F.PEOPLE_PERSON_IMPORT, "person", draft.number, before, after)


def _shown(one: Person | PersonDraft, known: Known, classes: Mapping[int, str]) -> dict[str, Any]:
    return {
        "name": one.name,
        "department": known.tree.path(one.department_id),
        "class": classes.get(one.class_id),
        "gender": one.gender,
    }
