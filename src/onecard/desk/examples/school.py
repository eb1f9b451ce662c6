"""The school of the demonstration: 青松学校, code 8672."""

from datetime import time
from importlib.resources import files
from pathlib import Path

from onecard.base.db import Actor, Database, Tx
from onecard.consumption import service as consumption
from onecard.consumption.model import MealDraft
from onecard.desk.new_tenant import open_tenant
from onecard.people import service as people
from onecard.people.model import ClassDraft

NAME = "青松学校"
# made by LibreOffice Calc; see tools/make_example_workbook.py
WORKBOOK = Path(str(files("onecard.desk.examples"))) / "people-500.xlsx"

DEPARTMENTS = {
    "初中部": [f"{grade}年级{n}班" for grade in "七八九" for n in (1, 2)],
    "高中部": [f"高{grade}{n}班" for grade in "一二三" for n in (1, 2)],
    "行政": ["校办", "教务处", "财务处"],
    "后勤": ["食堂", "保安队", "宿管"],
}
CLASSES = (
    ClassDraft(
        number=1,
        name="学生",
        transaction_limit_fen=50_00,
        meal_limit_fen=60_00,
        meal_limit_count=4,
        day_limit_fen=120_00,
        day_limit_count=12,
    ),
    ClassDraft(number=2, name="教职工", transaction_limit_fen=200_00, day_limit_fen=400_00),
    ClassDraft(
        number=3,
        name="后勤人员",
        drawing=("cash", "subsidy"),
        floor_fen=5_00,
        transaction_limit_fen=100_00,
        meal_limit_count=2,
        day_limit_fen=150_00,
    ),
)
MEALS = (
    MealDraft("早餐", time(6, 30), time(9)),
    MealDraft("午餐", time(11), time(13, 30)),
    MealDraft("晚餐", time(17), time(19, 30)),
)
MERCHANTS = {"M1": "第一食堂", "M2": "第二食堂", "M3": "清真餐厅", "M4": "校园超市"}


async def prepare_example_tenant(db: Database, actor: Actor, *, code: str = "8672") -> int:
    """Create the school with departments, account classes, meals and merchants; returns the tenant's id.

    Raises:
        ConflictError: the code is taken.
    """
    return await open_tenant(db, actor, code=code, name=NAME, also=furnish_example)


async def furnish_example(tx: Tx) -> None:
    """Departments, account classes, meals and merchants of the school in a tenant that has none of them."""
    await _create_departments(tx)
    for draft in CLASSES:
        await people.create_class(tx, draft)
    await consumption.set_meals(tx, MEALS)
    for merchant_code, name in MERCHANTS.items():
        await consumption.create_merchant(tx, code=merchant_code, name=name)


async def _create_departments(tx: Tx) -> None:
    root = next(each.id for each in (await people.departments(tx)).all if each.parent_id is None)
    for position, (name, children) in enumerate(DEPARTMENTS.items()):
        parent = await people.create_department(tx, name=name, parent_id=root, position=position)
        for place, child in enumerate(children):
            await people.create_department(tx, name=child, parent_id=parent, position=place)
