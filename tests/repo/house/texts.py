"""The texts of the product: found in code and templates, held against the catalogues; each finding is a line.

Python says texts by `say`, `say_count`, `say_in` (onecard/base/texts.py), templates by `_`, `_n`, `_c`. Their
English must be a literal, so that this finds them.
"""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from house.tree import ROOT, files, short

# name of the function → where in its arguments context, English and English for many are
_PYTHON = {"say": (None, 0, None), "say_count": (None, 1, 2), "say_in": (0, 1, None)}
_TEMPLATES = {"_": _PYTHON["say"], "_n": _PYTHON["say_count"], "_c": _PYTHON["say_in"]}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_MARKS = re.compile(r"[\W\d_]+")
_LETTER = re.compile(r"[^\W\d_]")
SOURCE = ROOT / "src" / "onecard"
_SAYS = "onecard.base.texts"
Key = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Said:
    """A text where it is said.

    `names` are the values given to it; None when they cannot be told, or are given later: texts that stand in
    a table without any.
    """

    where: str
    context: str | None
    source: str
    many: str | None
    names: frozenset[str] | None

    @property
    def key(self) -> Key:
        """As catalogues are keyed."""
        return self.context, self.source


@dataclass(frozen=True, slots=True)
class Unknown:
    """A call whose English is not a literal."""

    where: str


@dataclass(frozen=True, slots=True)
class _Call:
    name: str
    literals: list[str | None]
    names: frozenset[str] | None
    where: str

    def said(self, kinds: dict[str, tuple[int | None, int, int | None]]) -> Said | Unknown:
        places = kinds[self.name]
        context, source, many = (None if place is None else self._literal(place) for place in places)
        if source is None or any(
            place is not None and value is None
            for place, value in zip(places, (context, source, many), strict=True)
        ):
            return Unknown(self.where)
        return Said(self.where, context, source, many, self.names)

    def _literal(self, place: int) -> str | None:
        return self.literals[place] if place < len(self.literals) else None


def of_python(path: Path, text: str) -> Iterator[Said | Unknown]:
    """Every text that a module says by the functions it imported from onecard.base.texts."""
    if _SAYS not in text:
        return
    every = list(ast.walk(ast.parse(text)))
    mine = {
        alias.asname or alias.name: alias.name
        for node in every
        if isinstance(node, ast.ImportFrom) and node.module == _SAYS
        for alias in node.names
    }
    tabled = {value for node in every if isinstance(node, ast.Dict) for value in node.values}
    for node in every:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = mine.get(node.func.id, "")
            if name in _PYTHON:
                literals = [
                    each.value if isinstance(each, ast.Constant) and isinstance(each.value, str) else None
                    for each in node.args
                ]
                given = [keyword.arg for keyword in node.keywords]
                later = not given and node in tabled
                names = None if None in given or later else frozenset(filter(None, given))
                yield _Call(name, literals, names, f"{short(path)}:{node.lineno}").said(_PYTHON)


def of_template(path: Path, text: str) -> Iterator[Said | Unknown]:
    """Every text that a template says."""
    tree = Environment(autoescape=True).parse(text)
    tabled = [each for table in tree.find_all(nodes.Tuple) for each in table.items]
    for node in tree.find_all(nodes.Call):
        if isinstance(node.node, nodes.Name) and node.node.name in _TEMPLATES:
            literals = [each.value if isinstance(each, nodes.Const) else None for each in node.args]
            later = not node.kwargs and any(node is each for each in tabled)
            names = None if node.dyn_kwargs or later else frozenset(each.key for each in node.kwargs)
            where = f"{short(path)}:{node.lineno}"
            yield _Call(node.node.name, literals, names, where).said(_TEMPLATES)


def modules() -> dict[Path, str]:
    """Every module of the product."""
    return {path: path.read_text(encoding="utf-8") for path in files(SOURCE, ".py")}


def of_product() -> list[Said | Unknown]:
    """Every text that modules and templates of the product say."""
    templates = files(SOURCE / "web" / "templates", ".html", ".txt")
    return [
        *(found for path, text in modules().items() for found in of_python(path, text)),
        *(found for path in templates for found in of_template(path, path.read_text(encoding="utf-8"))),
    ]


class Catalogue:
    """One .po file."""

    def __init__(self, path: Path, text: str) -> None:
        """`path` is only shown."""
        self.path, self._text = path, text
        self._read = read_po(BytesIO(text.encode()), abort_invalid=True)

    @cached_property
    def messages(self) -> list[Message]:
        """Its translations without the header."""
        return [message for message in self._read if message.id]

    def translations(self) -> Iterator[tuple[str, Key, str | None, str]]:
        """Where, key, English for many, translation."""
        for message in self.messages:
            one, many = message.id if isinstance(message.id, tuple | list) else (message.id, None)
            strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
            yield f"{self.path.name}:{message.lineno}", (message.context, one), many, strings[0] or ""

    def findings(self) -> Iterator[str]:
        """What is wrong in itself: repeated, doubtful, obsolete, untranslated."""
        if str(self._read.locale) != "zh_CN_Hans" and str(self._read.locale_identifier) != "zh_CN":
            yield f"{self.path.name}: its header does not say Language: zh_CN"
        blocks = len(re.findall(r'^msgid (?!""\n(?!"))', self._text, re.MULTILINE))
        if blocks != len(self.messages):
            yield f"{self.path.name}: {blocks} msgids, but {len(self.messages)} different ones"
        if self._read.obsolete:
            yield f"{self.path.name}: obsolete translations (#~)"
        for message in self.messages:
            if message.fuzzy:
                yield f"{self.path.name}:{message.lineno}: marked fuzzy"


def compared(said: Iterable[Said], catalogues: Iterable[Catalogue]) -> Iterator[str]:
    """What of code and catalogues does not fit, both ways."""
    texts = list(said)
    known = [entry for catalogue in catalogues for entry in catalogue.translations()]
    translated = {key: (many, translation) for _, key, many, translation in known}
    for key, count in Counter(key for _, key, _, _ in known).items():
        if count > 1:
            places = ", ".join(where for where, other, _, _ in known if other == key)
            yield f"translated twice: {key[1]!r} ({places})"
    used = {text.key for text in texts}
    for where, key, _, translation in known:
        if key not in used:
            yield f"{where}: left over, nothing says {key[1]!r}"
        if _LETTER.search(_bare(translation)) and not (
            _CHINESE.search(translation) or _same_everywhere(key[1], translation)
        ):
            yield f"{where}: no Chinese in {translation!r}"
    for text in texts:
        if not translated.get(text.key, (None, ""))[1]:
            within = f" (context {text.context!r})" if text.context else ""
            yield f"{text.where}: no Chinese for {text.source!r}{within}"
        else:
            yield from _fits(text, *translated[text.key])


def _same_everywhere(source: str, translation: str) -> bool:
    """Numbers, signs and names of one word (`CSV`, `{count} px`) that are written alike in both languages."""
    return source == translation and len(_MARKS.sub(" ", _bare(source)).split()) <= 1


def _bare(pattern: str) -> str:
    return re.sub(r"{.*?}", "", pattern)


def _fits(text: Said, many: str | None, translation: str) -> Iterator[str]:
    if many is not None and many != text.many:
        yield f"{text.where}: English for many is {text.many!r}, in the catalogue {many!r}"
    wanted = _placeholders(text.many or text.source)
    if _placeholders(translation) != wanted:
        yield f"{text.where}: {translation!r} has not the placeholders {sorted(wanted)}"
    given = text.names
    if given is not None:
        given |= {"count"} if text.many else set()
        for form in filter(None, (text.source, text.many)):
            if missing := _placeholders(form) - given:
                yield f"{text.where}: no value for {sorted(missing)}"
        if unused := given - _placeholders(text.source) - wanted - {"count"}:
            yield f"{text.where}: {sorted(unused)} is given and not said"


def _placeholders(pattern: str) -> frozenset[str]:
    return frozenset(
        name.split(".")[0].split("[")[0] for _, name, _, _ in Formatter().parse(pattern) if name is not None
    )


def catalogues_of_product() -> list[Catalogue]:
    """The Chinese catalogues."""
    paths = files(SOURCE / "locales" / "zh_CN", ".po")
    return [Catalogue(path, path.read_text(encoding="utf-8")) for path in paths]


def stubs(said: Iterable[Said], catalogues: Iterable[Catalogue]) -> str:
    """Entries for a .po file for everything that has no Chinese yet."""
    known = {key for catalogue in catalogues for _, key, _, _ in catalogue.translations()}
    out, done = [], set[Key]()
    for text in said:
        if text.key not in known | done:
            done.add(text.key)
            lines = [f"#: {text.where}", *([f"msgctxt {_quoted(text.context)}"] if text.context else ())]
            lines.append(f"msgid {_quoted(text.source)}")
            lines += [f"msgid_plural {_quoted(text.many)}", 'msgstr[0] ""'] if text.many else ['msgstr ""']
            out.append("\n".join(lines))
    return "\n\n".join(out)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def unsaid_errors(path: Path, text: str, family: frozenset[str]) -> Iterator[str]:
    """Where an error that a person reads is raised with a plain string instead of a text."""
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        plain = {
            target.id
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and _is_plain(node.value, set())
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(function):
            if not isinstance(node, ast.Raise):
                continue
            call = node.exc
            if not isinstance(call, ast.Call) or _name(call.func) not in family:
                continue
            if not call.args or _is_plain(call.args[0], plain):
                yield f"{short(path)}:{node.lineno}: {_name(call.func)} without say()"


def _is_plain(node: ast.expr, plain: set[str]) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_plain(node.left, plain) or _is_plain(node.right, plain)
    if isinstance(node, ast.IfExp):
        return _is_plain(node.body, plain) or _is_plain(node.orelse, plain)
    if isinstance(node, ast.Call):
        return _name(node.func) == "str" or (
            isinstance(node.func, ast.Attribute) and _is_plain(node.func.value, plain)
        )
    if isinstance(node, ast.Name):
        return node.id in plain
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def family_of(texts: Iterable[str]) -> frozenset[str]:
    """Names of OneCardError and of everything that is derived from it in these modules."""
    bases = {
        node.name: {_name(base) for base in node.bases}
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef)
    }
    family = {"OneCardError"}
    while more := {name for name, of in bases.items() if of & family} - family:
        family |= more
    return frozenset(family)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


if __name__ == "__main__":
    said = [found for found in of_product() if isinstance(found, Said)]
    sys.stdout.write(stubs(said, catalogues_of_product()) + "\n")
