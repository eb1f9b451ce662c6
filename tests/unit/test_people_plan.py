"""The plan of an import against a naive model of a tenant, on random files."""

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from onecard.cards.model import Binding
from onecard.desk.model import Column, Known, Line, Plan, Sheet, Verdict
from onecard.desk.rules import parse, plan
from onecard.people.model import Department, Person
from onecard.people.rules import DepartmentTree

HEADER = Line(1, tuple(column.title.read("zh-CN") for column in Column))
TREE = DepartmentTree(
    [Department(1, "1", "校", None), Department(2, "2", "甲", 1), Department(3, "3", "乙", 1)]
)
CLASSES = {"1": 1, "学生": 1, "教师": 2}
CELLS = st.tuples(
    st.sampled_from(["A1", "A2", "A3", "A4", "", "x" * 33]),
    st.sampled_from(["王", "李", "张"]),
    st.sampled_from(["学生", "教师", "1", "无"]),
    st.sampled_from(["甲", "乙", "校/甲", "丙"]),
    st.sampled_from(["男", "女", "", "?"]),
    st.sampled_from(["", "P1", "P2", "11010519491231002X", "110105194912310021"]),
    st.sampled_from(["", "13800000001", "13800000002", "13800000003", "123"]),
    st.sampled_from(["", "0000000A", "0000000B", "0000000C", "XYZ"]),
)
FILES = st.lists(CELLS, min_size=1, max_size=6)


@dataclass
class Tenant:
    """What is stored, as a plan changes it."""

    persons: dict[str, Person] = field(default_factory=dict)
    cards: dict[str, Binding] = field(default_factory=dict)

    def known(self) -> Known:
        active = {card.person_id: card.uid for card in self.cards.values() if card.state == "active"}
        phones = {person.phone: person for person in self.persons.values() if person.phone}
        return Known(
            classes=CLASSES, tree=TREE, persons=self.persons, phones=phones, cards=self.cards,
            active_cards=active, tag=str.encode,
        )  # fmt: skip

    def carry_out(self, made: Plan) -> None:
        for row in made.rows:
            if row.draft is None or row.verdict is Verdict.UNCHANGED:
                continue
            draft, old = row.draft, self.persons.get(row.draft.number)
            tag = None if draft.id_number is None else draft.id_number.encode()
            person = Person(
                id=old.id if old else len(self.persons) + 1, number=draft.number, name=draft.name,
                department_id=draft.department_id, class_id=draft.class_id,
                gender=draft.gender or (old.gender if old else None),
                phone=draft.phone or (old.phone if old else None),
                id_number_tag=tag or (old.id_number_tag if old else None),
            )  # fmt: skip
            self.persons[draft.number] = person
            if row.uid:
                for uid, card in self.cards.items():
                    if card.person_id == person.id:
                        self.cards[uid] = replace(card, state="returned")
                self.cards[row.uid] = Binding(uid=row.uid, person_id=person.id, state="active")


def sheet(rows: list[tuple[str, ...]]) -> Sheet:
    return Sheet(HEADER, tuple(Line(number, cells) for number, cells in enumerate(rows, 2)))


@settings(max_examples=300, deadline=None)
@given(st.lists(FILES, min_size=1, max_size=4))
def test_any_files_one_after_the_other_keep_the_rules(files: list[list[tuple[str, ...]]]) -> None:
    tenant = Tenant()
    for rows in files:
        made = plan(parse(sheet(rows)), tenant.known())
        assert [row.row for row in made.rows] == list(range(2, len(rows) + 2))
        assert all(bool(row.reasons) == (row.verdict is Verdict.WRONG) for row in made.rows)
        good = [row.draft.number for row in made.rows if row.draft]
        assert len(good) == len(set(good))
        tenant.carry_out(made)
        phones = [person.phone for person in tenant.persons.values() if person.phone]
        assert len(phones) == len(set(phones))
        holders = [card.person_id for card in tenant.cards.values() if card.state == "active"]
        assert len(holders) == len(set(holders))


@settings(max_examples=300, deadline=None)
@given(FILES, FILES)
def test_importing_a_file_again_changes_nothing(
    before: list[tuple[str, ...]], rows: list[tuple[str, ...]]
) -> None:
    tenant = Tenant()
    tenant.carry_out(plan(parse(sheet(before)), tenant.known()))
    first = plan(parse(sheet(rows)), tenant.known())
    tenant.carry_out(first)
    again = plan(parse(sheet(rows)), tenant.known())
    good = {row.row for row in first.rows if row.verdict is not Verdict.WRONG}
    assert {row.row for row in again.rows if row.verdict is Verdict.UNCHANGED} >= good


@given(FILES, st.permutations(range(8)), st.booleans())
def test_neither_order_nor_language_of_the_columns_matters(
    rows: list[tuple[str, ...]],
    order: list[int],
    english: bool,  # noqa: FBT001  hypothesis fills it
) -> None:
    headings = [column.title.read("en" if english else "zh-CN") for column in Column]
    shuffled = Sheet(
        Line(1, tuple(headings[place] for place in order)),
        tuple(Line(n, tuple(cells[place] for place in order)) for n, cells in enumerate(rows, 2)),
    )
    assert parse(shuffled) == parse(sheet(rows))
