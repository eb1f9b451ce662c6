# ruff: noqa: INP001, S311  a script, not part of a package; seeded, not secret
"""Makes the example workbook of 500 invented people with LibreOffice Calc.

    python tools/make_example_workbook.py

The table is the same on each run (seeded); a real spreadsheet program writes the file, so that the import is
shown and tested with what people really upload. Person numbers, ID numbers and UIDs are text cells, phones
are numbers, as typed.
"""

import csv
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from onecard.desk.examples.school import DEPARTMENTS, WORKBOOK

SEED = 8672
PEOPLE = 500
TEACHERS, HELPERS = 44, 24
WITH_ID_NUMBER = 25
SHORT_UIDS = 0.8
HEADINGS = ("编号", "姓名", "账户类型", "部门名称", "性别", "身份证号", "手机号", "卡序列号")
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
)
SYLLABLES = {
    "男": "浩宇轩博文俊杰子涵明哲志远建国伟强鹏飞天佑承泽奕辰嘉树景行思源海涛一鸣振华立新",
    "女": "欣怡雨桐梓萱诗涵佳琪雅静慧敏美玲婉清若曦语嫣思琪晓梅丽娟秀英芳菲若兰静姝可馨",
}
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# column formats of the CSV filter: 2 is text, 1 is what the program makes of it
FILTER = "CSV:44,34,76,1,1/2/2/2/3/2/4/2/5/2/6/2/7/1/8/2"


def main() -> None:
    """Write the workbook to its place in the package."""
    with tempfile.TemporaryDirectory() as name:
        table = Path(name) / f"{WORKBOOK.stem}.csv"
        with table.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([HEADINGS, *rows(random.Random(SEED))])
        command = [
            "soffice",
            f"-env:UserInstallation=file://{name}/profile",
            "--headless",
            f"--infilter={FILTER}",
        ]
        command += [
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(WORKBOOK.parent),
            str(table),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  arguments are our own
    sys.stdout.write(f"{WORKBOOK}: {WORKBOOK.stat().st_size} bytes\n")


def rows(chance: random.Random) -> list[list[str]]:
    """The people: students by class, teachers, helpers."""
    classrooms = [f"{part}/{room}" for part in ("初中部", "高中部") for room in DEPARTMENTS[part]]
    offices = [f"行政/{office}" for office in DEPARTMENTS["行政"]]
    services = [f"后勤/{service}" for service in DEPARTMENTS["后勤"]]
    students = PEOPLE - TEACHERS - HELPERS
    posts = [(f"2026{n:04}", "学生", classrooms[n * len(classrooms) // students]) for n in range(students)]
    posts += [(f"T{n:03}", "教职工", offices[n % len(offices)]) for n in range(TEACHERS)]
    posts += [(f"H{n:03}", "后勤人员", services[n % len(services)]) for n in range(HELPERS)]
    phones = chance.sample(range(10**8), PEOPLE)
    uids = chance.sample(range(1 << 24), PEOPLE)
    with_id = set(chance.sample(range(PEOPLE), WITH_ID_NUMBER))
    found = []
    for place, (number, kind, department) in enumerate(posts):
        gender = chance.choice("男女")
        identity = id_number(chance, gender, kind) if place in with_id else ""
        phone, uid = f"199{phones[place]:08}", card_uid(chance, uids[place])
        found.append([number, full_name(chance, gender), kind, department, gender, identity, phone, uid])
    return found


def full_name(chance: random.Random, gender: str) -> str:
    """A surname and one or two syllables."""
    return chance.choice(SURNAMES) + "".join(chance.choices(SYLLABLES[gender], k=chance.choice((1, 2, 2, 2))))


def id_number(chance: random.Random, gender: str, kind: str) -> str:
    """A number with a right check character, of a region code that was never given out."""
    year = chance.randint(2008, 2013) if kind == "学生" else chance.randint(1966, 2000)
    order = chance.randrange(0, 500) * 2 + (gender == "男")
    body = f"999999{year}{chance.randint(1, 12):02}{chance.randint(1, 28):02}{order:03}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def card_uid(chance: random.Random, number: int) -> str:
    """Four bytes for most cards, seven for the newer ones; `number` keeps them apart."""
    if chance.random() < SHORT_UIDS:
        return f"{number:06X}4B"
    return f"04{number:06X}{chance.randrange(1 << 24):06X}"


if __name__ == "__main__":
    main()
