"""A large school, invented: departments, names, numbers, phones and cards; the same each time."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from onecard.people.model import Gender

DEPARTMENTS = {
    "小学部": [f"{grade}年级{n}班" for grade in "一二三四五六" for n in range(1, 7)],
    "初中部": [f"{grade}年级{n}班" for grade in "七八九" for n in range(1, 11)],
    "高中部": [f"高{grade}{n}班" for grade in "一二三" for n in range(1, 11)],
    "行政": ["校办", "教务处", "德育处", "总务处", "财务处", "人事处", "信息中心", "图书馆"],
    "后勤": ["食堂", "保安队", "宿管", "校医室", "车队", "绿化组", "维修组", "超市"],
}
SCHOOLS = ("小学部", "初中部", "高中部")
STUDENT, STAFF, HELPER = 1, 2, 3
"""Numbers of the account classes of the example school."""

_STAFF_SHARE, _HELPER_SHARE = 0.07, 0.02
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_GIVEN = {
    Gender.MALE: "浩宇轩博文俊杰子涵明哲志远建国伟强鹏飞天佑承泽奕辰嘉树景行思源海涛一鸣振华立新家豪润东晓峰",
    Gender.FEMALE: "欣怡雨桐梓萱诗涵佳琪雅静慧敏美玲婉清若曦语嫣思晓梅丽娟秀英芳菲兰姝可馨丹凤春燕雪莹彩霞",
}
_ONE_CHARACTER = 0.18  # of given names


@dataclass(frozen=True, slots=True)
class Invented:
    """Somebody who does not exist; `department` by division and name, `class_number` of the account."""

    number: str
    name: str
    gender: Gender
    phone: str
    uid: str
    department: tuple[str, str]
    class_number: int


def invent(people: int, seed: int) -> Iterator[Invented]:
    """So many people, all different in number, phone and UID."""
    chance = random.Random(seed)  # noqa: S311  inventions, not secrets
    rooms = [(division, room) for division in SCHOOLS for room in DEPARTMENTS[division]]
    offices = [("行政", office) for office in DEPARTMENTS["行政"]]
    services = [("后勤", service) for service in DEPARTMENTS["后勤"]]
    for place in range(people):
        share = chance.random()
        if share < _HELPER_SHARE:
            number, where, kind = f"H{place:06}", chance.choice(services), HELPER
        elif share < _HELPER_SHARE + _STAFF_SHARE:
            number, where, kind = f"T{place:06}", chance.choice([*offices, *rooms]), STAFF
        else:
            number, where, kind = f"{2018 + place % 9}{place:06}", rooms[place % len(rooms)], STUDENT
        gender = chance.choice((Gender.MALE, Gender.FEMALE))
        # multiplied by an odd number, consecutive numbers are scattered and still all different
        phone, uid = f"1{3 + place % 7}{place * 7_654_321 % 10**9:09}", f"{place * 2_654_435_761 % 2**32:08X}"
        yield Invented(number, full_name(chance, gender), gender, phone, uid, where, kind)


def full_name(chance: random.Random, gender: Gender) -> str:
    """A surname, the common ones more often, and one or two characters."""
    surname = _SURNAMES[int(len(_SURNAMES) * chance.random() ** 2)]
    length = 1 if chance.random() < _ONE_CHARACTER else 2
    return surname + "".join(chance.choice(_GIVEN[gender]) for _ in range(length))
