"""Rules on Python code; the last tests show that each checker can tell."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from house import python_rules as rules
from house.tree import ROOT, files, short

SOURCE = ROOT / "src" / "onecard"
PRODUCT = list(files(SOURCE, ".py"))
TESTS = list(files(ROOT / "tests", ".py"))
MONEY = ("ledger", "consumption", "desk")
# the one door, and the declaration of what the door's setting means to the policies
SETS_TENANT = {"src/onecard/base/db.py"}
Rule = Callable[[str], Iterator[str]]


def _findings(rule: Rule, paths: list[Path]) -> dict[str, list[str]]:
    found = {short(path): list(rule(path.read_text(encoding="utf-8"))) for path in paths}
    return {name: findings for name, findings in found.items() if findings}


@pytest.mark.parametrize("rule", [rules.functions, rules.tenant_sql, rules.error_names])
def test_product(rule: Rule) -> None:
    assert _findings(rule, PRODUCT) == {}


@pytest.mark.parametrize("rule", [rules.functions, rules.test_bodies])
def test_tests(rule: Rule) -> None:
    assert _findings(rule, TESTS) == {}


def test_money_is_never_a_float() -> None:
    near_money = [path for path in PRODUCT if path.relative_to(SOURCE).parts[0] in MONEY]
    assert near_money
    assert _findings(rules.floats, near_money) == {}


def test_only_the_door_sets_the_tenant() -> None:
    found = _findings(rules.tenant_setting, PRODUCT)
    assert set(found) == SETS_TENANT
    assert all(": set local onecard." in finding for finding in found["src/onecard/base/db.py"])
    for path in files(SOURCE, ".sql"):
        assert "set_config" not in path.read_text(encoding="utf-8"), short(path)


def test_imports_point_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


LONG = "def f():\n" + "    x = 1\n" * 50
BROKEN: dict[str, tuple[Rule, str]] = {
    "long function": (rules.functions, LONG),
    "long coroutine": (rules.functions, f"async {LONG}"),
    "long method": (rules.functions, "class A:\n  def f():\n" + "    x = 1\n" * 50),
    "long test": (rules.test_bodies, "def test_f():\n" + "    x = 1\n" * 26),
    "float annotation": (rules.floats, "amount: float = 0"),
    "float in quotes": (rules.floats, 'amount: "float | None"'),
    "float call": (rules.floats, "x = float(y)"),
    "float literal": (rules.floats, "x = y * 1.5"),
    "float compared": (rules.floats, "x = y > 0.001"),
    "money divided": (rules.floats, "x = amount_fen / 100"),
    "money divided in place": (rules.floats, "self.amount_fen /= 100"),
    "select": (rules.tenant_sql, 'q = "select 1 from people.person where tenant_id = $1"'),
    "insert": (rules.tenant_sql, 'q = f"INSERT INTO cards.card values ({x})"'),
    "in an f-string": (rules.tenant_sql, 'q = f"select {x} from {y} join ledger.line l"'),
    "bulk copy": (rules.tenant_sql, "await c.copy_records_to_table('card')"),
    "session tenant": (rules.tenant_setting, "x = \"set onecard.tenant = '1'\""),
    "local tenant": (rules.tenant_setting, "x = f\"begin; set local onecard.tenant = '{t}'\""),
    "set_config": (rules.tenant_setting, "x = \"select set_config('onecard.tenant', $1, true)\""),
    "constraint's name": (rules.error_names, "x = error.constraint_name"),
    "table's name": (rules.error_names, "x = error.table_name"),
    "wording": (rules.error_names, "try: f()\nexcept E as e:\n  if 'stale' in str(e): pass"),
    "detail": (rules.error_names, "try: f()\nexcept E as e:\n  if e.detail == 'x': pass"),
}
GOOD: dict[str, tuple[Rule, str]] = {
    "function of fifty lines": (rules.functions, "def f():\n" + "    x = 1\n" * 49),
    "test of twenty-five lines": (rules.test_bodies, "def test_f():\n" + "    x = 1\n" * 25),
    "pause": (rules.floats, "await asyncio.sleep(0.01)"),
    "whole division": (rules.floats, "x = amount_fen // 100"),
    "routing table": (rules.tenant_sql, 'q = "select 1 from tenants.route"'),
    "class of error": (rules.error_names, "try: f()\nexcept UniqueViolationError: pass"),
}


@pytest.mark.parametrize(("rule", "text"), BROKEN.values(), ids=BROKEN)
def test_broken_code_is_noticed(rule: Rule, text: str) -> None:
    assert list(rule(text))


@pytest.mark.parametrize(("rule", "text"), GOOD.values(), ids=GOOD)
def test_good_code_passes(rule: Rule, text: str) -> None:
    assert list(rule(text)) == []
