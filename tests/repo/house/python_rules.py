"""Rules on Python, read from the syntax tree."""

import ast
import re
from collections.abc import Iterator

from onecard.base.schema_kinds import TENANT_TABLES

FUNCTION_MAX = 50
TEST_BODY_MAX = 25
_TABLES = "|".join(re.escape(table) for table in TENANT_TABLES)
_STATEMENT = re.compile(
    rf"\b(from|into|update|join|using|truncate|copy|table)\s+(only\s+)?({_TABLES})\b", re.IGNORECASE
)
_SETS_TENANT = re.compile(r"\bset\s+(\w+\s+)?onecard\.|set_config\s*\(", re.IGNORECASE)
_BULK = {"copy_records_to_table", "copy_to_table", "copy_from_table", "copy_from_query"}
_NAMES_OF_ERRORS = {"constraint_name", "table_name", "column_name", "schema_name", "datatype_name"}


def functions(text: str) -> Iterator[str]:
    """Functions that are too long. Neither decorators nor the docstring count: documenting costs nothing."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1 - _docstring_lines(node)
            if length > FUNCTION_MAX:
                yield f"{node.name} has {length} lines, more than {FUNCTION_MAX}"


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    return (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(node, clean=False) else 0


def test_bodies(text: str) -> Iterator[str]:
    """Tests whose body is too long to be taken in at a glance."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            length = (node.end_lineno or 0) - node.body[0].lineno + 1
            if length > TEST_BODY_MAX:
                yield f"{node.name} has a body of {length} lines, more than {TEST_BODY_MAX}"


def floats(text: str) -> Iterator[str]:
    """Floating point near money: the type's name, a literal that is calculated with, a division of money."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and node.id == "float":
            yield f"line {node.lineno}: float"
        for side in _operands(node):
            if isinstance(side, ast.Constant) and isinstance(side.value, float):
                yield f"line {side.lineno}: calculates with {side.value}"
        divides = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        if divides and any(_is_money(side) for side in _operands(node)):
            yield f"line {node.lineno}: divides money with /"
    for comment in re.findall(r":\s*\"[^\"]*\bfloat\b[^\"]*\"", text):
        yield f"annotation {comment}"


def _operands(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.AugAssign):
        return [node.target, node.value]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    return []


def _is_money(node: ast.expr) -> bool:
    names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    names |= {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}
    return any(name.endswith("_fen") or "amount" in name for name in names)


def tenant_sql(text: str) -> Iterator[str]:
    """Statements on tenant tables that stand in Python and not in a queries.sql, and ways around them."""
    for node in ast.walk(ast.parse(text)):
        for string in _strings(node):
            if _STATEMENT.search(string):
                yield f"line {node.lineno}: a statement on a tenant table belongs in queries.sql"
        if isinstance(node, ast.Attribute) and node.attr in _BULK:
            yield f"line {node.lineno}: {node.attr} bypasses queries.sql"


def tenant_setting(text: str) -> Iterator[str]:
    """Places that set the transaction's tenant or actor."""
    for node in ast.walk(ast.parse(text)):
        for string in _strings(node):
            for found in _SETS_TENANT.finditer(string):
                yield f"line {node.lineno}: {found.group()}"


def error_names(text: str) -> Iterator[str]:
    """Errors of the database told apart by names or wording, not by SQLSTATE (their exception class)."""
    tree = ast.parse(text)
    caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _NAMES_OF_ERRORS:
            yield f"line {node.lineno}: {node.attr}"
        if isinstance(node, ast.Compare) and any(_wording(side, caught) for side in _operands(node)):
            yield f"line {node.lineno}: compares an error's wording"


def _wording(node: ast.expr, caught: set[str]) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"str", "repr"}:
        return any(isinstance(argument, ast.Name) and argument.id in caught for argument in node.args)
    return (
        isinstance(node, ast.Attribute)
        and node.attr in {"message", "detail", "args"}
        and (isinstance(node.value, ast.Name) and node.value.id in caught)
    )


def _strings(node: ast.AST) -> list[str]:
    """Text of a string, and of an f-string with its holes left out; a docstring is no statement."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
        return ["".join(str(part) for part in parts)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
