"""Rule 6 of docs/internals/schema-rules.md: a statement names the tenant of each table it touches.

A statement is parsed, not searched. Each query level (with its sub-queries, which see the levels around it)
must tie `tenant_id` of every tenant table, by AND-ed equalities, to the tenant the caller names. In a
queries.sql that is the parameter `:tenant_id`; in a functions.sql an argument named `…_tenant` (or an element
of one), the rows a caller passed (`unnest`, `jsonb_to_recordset`), or the routing table.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiosql
import pglast
from aiosql.adapters.asyncpg import AsyncPGAdapter
from pglast import ast
from pglast.enums import A_Expr_Kind, BoolExprType, SetOperation

from onecard.base.schema_kinds import ROUTING_TABLES, TENANT_TABLES

CALLER = "the caller's tenant"
Node = Any


def of_queries(text: str) -> Iterator[str]:
    """What breaks the rule in the text of a queries.sql."""
    adapter = AsyncPGAdapter()
    queries = aiosql.from_str(text, lambda: adapter, mandatory_parameters=False)
    for name in queries.available_queries:
        if name.removesuffix("_cursor") in set(queries.available_queries) - {name}:
            continue  # aiosql's second name for the same statement
        numbers = {parameter: number for number, parameter in enumerate(adapter.var_sorted[name], 1)}
        tenant = {number for parameter, number in numbers.items() if parameter == "tenant_id"}
        for statement in pglast.parse_sql(getattr(queries, name).sql):
            yield from (
                f"{name}: {finding}" for finding in _Level(tenant_parameters=tenant).check(statement.stmt)
            )


def of_functions(text: str) -> Iterator[str]:
    """What breaks the rule in the bodies of the functions of a functions.sql."""
    for statement in pglast.parse_sql(text):
        if not isinstance(statement.stmt, ast.CreateFunctionStmt):
            continue
        name = statement.stmt.funcname[-1].sval
        if re.search(r"\bexecute\b", _source(statement.stmt), re.IGNORECASE):
            yield f"{name}: makes statements while it runs, which cannot be checked"
        for sql in _bodies(statement.stmt):
            for inner in pglast.parse_sql(sql):
                yield from (f"{name}: {finding}" for finding in _Level(in_function=True).check(inner.stmt))


def _source(function: Node) -> str:
    source: str = next(option.arg for option in function.options if option.defname == "as")[0].sval
    return source


def _bodies(function: Node) -> Iterator[str]:
    language = next(option.arg for option in function.options if option.defname == "language").sval
    if language == "sql":
        yield _source(function)
        return
    # The parser knows no types of ours, and statements are all that is wanted here
    names = ", ".join(f"{parameter.name} text" for parameter in function.parameters or ())
    kind = function.returnType
    result = "setof text" if kind.setof else "void" if kind.names[-1].sval == "void" else "text"
    source = (
        f"create function f({names}) returns {result} language plpgsql as $body${_source(function)}$body$"
    )
    yield from _expressions(pglast.parse_plpgsql(source))


def _expressions(tree: Node) -> Iterator[str]:
    if isinstance(tree, list):
        for item in tree:
            yield from _expressions(item)
    if isinstance(tree, dict):
        expression = tree.get("PLpgSQL_expr")
        if expression:
            # parse mode 0 is a statement, 2 an expression, 3 and more an assignment
            prefix = "" if expression["parseMode"] == 0 else "select "
            yield prefix + expression["query"].split(":=", 1)[-1]
        for value in tree.values():
            yield from _expressions(value)


@dataclass
class _Level:
    """One query level: what its aliases are and which of their tenants are known to be equal."""

    tenant_parameters: set[int] = field(default_factory=set)
    in_function: bool = False
    outer: "_Level | None" = None
    tables: dict[str, str] = field(default_factory=dict)  # alias → tenant table
    others: dict[str, str] = field(default_factory=dict)  # alias → "rows" or routing table
    common: set[str] = field(default_factory=set)  # names of CTEs
    equal: list[tuple[str, str]] = field(default_factory=list)

    def check(self, node: Node) -> Iterator[str]:
        """Findings in a statement and everything inside it."""
        if isinstance(node, ast.SelectStmt) and node.op != SetOperation.SETOP_NONE:
            self._common_tables(node)
            for side in (node.withClause, node.larg, node.rarg):
                yield from self._inside(side)
            return
        if isinstance(node, ast.MergeStmt | ast.TruncateStmt | ast.CopyStmt | ast.LockStmt):
            yield f"{type(node).__name__} cannot be checked; use insert, update, delete or select"
            return
        self._common_tables(node)
        for source in (
            *(getattr(node, "fromClause", None) or ()),
            *(getattr(node, "usingClause", None) or ()),
        ):
            self._source(source)
        if isinstance(node, ast.InsertStmt):
            yield from self._insert(node)
        elif isinstance(node, ast.UpdateStmt | ast.DeleteStmt):
            self._source(node.relation)
        self._conditions(getattr(node, "whereClause", None))
        yield from self._loose_tables()
        yield from self._inside(node, itself=True)

    def _common_tables(self, node: Node) -> None:
        clause = getattr(node, "withClause", None)
        self.common |= {cte.ctename for cte in clause.ctes} if clause else set()

    def _source(self, node: Node) -> None:
        if isinstance(node, ast.JoinExpr):
            self._source(node.larg)
            self._source(node.rarg)
            self._conditions(node.quals)
            if node.usingClause and "tenant_id" in {column.sval for column in node.usingClause}:
                self.equal += [(left, right) for left in _aliases(node.larg) for right in _aliases(node.rarg)]
        elif isinstance(node, ast.RangeVar):
            name = f"{node.schemaname}.{node.relname}" if node.schemaname else node.relname
            alias = node.alias.aliasname if node.alias else node.relname
            if name in TENANT_TABLES:
                self.tables[alias] = name
            else:
                self.others[alias] = name
        elif node is not None:
            self.others[node.alias.aliasname if node.alias else ""] = "rows"

    def _insert(self, node: Node) -> Iterator[str]:
        name = f"{node.relation.schemaname}.{node.relation.relname}"
        if name not in TENANT_TABLES:
            return
        columns = [column.name for column in node.cols or ()]
        if "tenant_id" not in columns:
            yield f"insert into {name} does not list tenant_id"
            return
        source = node.selectStmt
        for row in source.valuesLists or (source.targetList,):
            value = row[columns.index("tenant_id")]
            value = getattr(value, "val", value)
            if not self._is_callers(value) and not isinstance(value, ast.ColumnRef):
                yield f"insert into {name} takes tenant_id from elsewhere than the caller"

    def _conditions(self, node: Node) -> None:
        if isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.AND_EXPR:
            for argument in node.args:
                self._conditions(argument)
        if isinstance(node, ast.A_Expr) and [part.sval for part in node.name] == ["="]:
            kinds = (A_Expr_Kind.AEXPR_OP, A_Expr_Kind.AEXPR_OP_ANY)
            left, right = self._meaning(node.lexpr), self._meaning(node.rexpr)
            if node.kind in kinds and left and right:
                self.equal.append((left, right))

    def _meaning(self, node: Node) -> str | None:
        """Alias whose tenant `node` is, or CALLER, or None for anything else."""
        if self._is_callers(node):
            return CALLER
        if not isinstance(node, ast.ColumnRef) or not isinstance(node.fields[-1], ast.String):
            return None
        if len(node.fields) > 1:
            alias, column = node.fields[-2].sval, node.fields[-1].sval
            known = self._known(alias)
            return alias if column == "tenant_id" or (known == "rows" and self.in_function) else None
        alone = [*self.tables, *self.others]
        return alone[0] if node.fields[0].sval == "tenant_id" and len(alone) == 1 else None

    def _is_callers(self, node: Node) -> bool:
        if isinstance(node, ast.TypeCast):
            return self._is_callers(node.arg)
        if isinstance(node, ast.ParamRef):
            return node.number in self.tenant_parameters
        if isinstance(node, ast.A_Indirection):
            return self._is_callers(node.arg)
        single = isinstance(node, ast.ColumnRef) and len(node.fields) == 1
        return self.in_function and single and getattr(node.fields[0], "sval", "").endswith("_tenant")

    def _known(self, alias: str) -> str | None:
        level: _Level | None = self
        while level:
            if alias in level.tables or alias in level.others:
                return level.tables.get(alias) or level.others[alias]
            level = level.outer
        return None

    def _tied(self) -> set[str]:
        """Aliases whose tenant is the caller's, this level's and those around it."""
        tied = {CALLER} | (self.outer._tied() if self.outer else set())
        if self.in_function:
            tied |= {alias for alias, what in self.others.items() if what == "rows" or what in ROUTING_TABLES}
        while more := {a for pair in self.equal if tied & set(pair) for a in pair} - tied:
            tied |= more
        return tied

    def _loose_tables(self) -> Iterator[str]:
        tied = self._tied()
        for alias, table in self.tables.items():
            if alias not in tied:
                yield f"{table} (as {alias}) is not tied to the caller's tenant"

    def _inside(self, node: Node, *, itself: bool = False) -> Iterator[str]:
        if isinstance(node, tuple | list):
            for item in node:
                yield from self._inside(item)
        elif isinstance(node, ast.Node):
            statements = ast.SelectStmt | ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt | ast.MergeStmt
            if isinstance(node, statements) and not itself:
                level = _Level(self.tenant_parameters, self.in_function, outer=self, common=set(self.common))
                yield from level.check(node)
                return
            for name in node:
                yield from self._inside(getattr(node, name))


def _aliases(node: Node) -> list[str]:
    if isinstance(node, ast.JoinExpr):
        return [*_aliases(node.larg), *_aliases(node.rarg)]
    alias = getattr(node, "alias", None)
    return [alias.aliasname if alias else getattr(node, "relname", "")]


def sql_files(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Each queries.sql and functions.sql below `root` with what breaks the rule in it."""
    for path in sorted(root.rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        if path.name == "functions.sql":
            yield path, list(of_functions(text))
        elif path.parent.name != "migrations":
            yield path, list(of_queries(text))
