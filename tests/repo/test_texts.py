"""Everything a person reads is said in both languages; and the checkers can tell.

`make texts` prints what has no Chinese yet, ready to be put into a catalogue.
"""

from pathlib import Path

import pytest

from house import texts
from house.tree import ROOT, short

# Where texts are passed on that others have said, as literals
PASSED_ON = {"src/onecard/web/kit/render.py", "src/onecard/base/jobs/wording.py"}
# What operators and API clients see; the shell, the ledger and devices speak to people who run the system
READ_ON_PAGES = ("tenants/", "people/", "web/", "desk/import", "desk/people_import")


@pytest.fixture(scope="module")
def found() -> list[texts.Said | texts.Unknown]:
    return texts.of_product()


@pytest.fixture(scope="module")
def catalogues() -> list[texts.Catalogue]:
    return texts.catalogues_of_product()


def _none(findings: list[str]) -> None:
    assert not findings, "\n" + "\n".join(findings)


def test_english_is_a_literal(found: list[texts.Said | texts.Unknown]) -> None:
    unknown = [each.where for each in found if isinstance(each, texts.Unknown)]
    _none([where for where in unknown if where.split(":")[0] not in PASSED_ON])


def test_every_text_has_its_chinese_and_every_translation_its_text(
    found: list[texts.Said | texts.Unknown], catalogues: list[texts.Catalogue]
) -> None:
    said = [each for each in found if isinstance(each, texts.Said)]
    assert said
    _none(list(texts.compared(said, catalogues)))


def test_catalogues_are_clean(catalogues: list[texts.Catalogue]) -> None:
    assert catalogues
    _none([finding for catalogue in catalogues for finding in catalogue.findings()])


def test_errors_that_pages_show_are_said() -> None:
    modules = texts.modules()
    family = texts.family_of(modules.values())
    seen = {
        path: text
        for path, text in modules.items()
        if path.relative_to(texts.SOURCE).as_posix().startswith(READ_ON_PAGES)
    }
    _none([finding for path, text in seen.items() for finding in texts.unsaid_errors(path, text, family)])


HEADER = 'msgid ""\nmsgstr ""\n"Language: zh_CN\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
IMPORT = "from onecard.base.texts import say, say_count, say_in\n"
GOOD = IMPORT + 'say("A {x}.", x=1)\nsay_count(2, "{count} cat", "{count} cats")\nsay_in("verb", "Open")\n'
GOOD_PO = (
    'msgid "A {x}."\nmsgstr "一个{x}。"\n\n'
    'msgid "{count} cat"\nmsgid_plural "{count} cats"\nmsgstr[0] "{count} 只猫"\n\n'
    'msgctxt "verb"\nmsgid "Open"\nmsgstr "打开"\n'
)
PAGE, BOOK = ROOT / "page.py", Path("book.po")


def _compared(code: str, book: str) -> list[str]:
    said = [found for found in texts.of_python(PAGE, code) if isinstance(found, texts.Said)]
    return list(texts.compared(said, [texts.Catalogue(BOOK, HEADER + book)]))


def test_what_fits_is_not_blamed() -> None:
    assert _compared(GOOD, GOOD_PO) == []
    assert list(texts.Catalogue(BOOK, HEADER + GOOD_PO).findings()) == []


@pytest.mark.parametrize(
    ("code", "book", "words"),
    [
        (GOOD, GOOD_PO.replace("A {x}.", "A {x}!"), ["left over", "page.py:2: no Chinese for 'A {x}.'"]),
        (GOOD, GOOD_PO.replace('msgctxt "verb"\n', ""), ["left over", "(context 'verb')"]),
        (GOOD, GOOD_PO.replace("一个{x}", "一个{y}"), ["has not the placeholders ['x']"]),
        (GOOD, GOOD_PO.replace("{count} 只", "两只"), ["has not the placeholders ['count']"]),
        (GOOD, GOOD_PO.replace("{count} cats", "cats"), ["English for many"]),
        (GOOD, GOOD_PO.replace("打开", "Open it"), ["no Chinese in"]),
        (GOOD, GOOD_PO.replace("打开", "Open"), []),
        (GOOD.replace("x=1", "z=1"), GOOD_PO, ["no value for ['x']", "['z'] is given"]),
        (GOOD.replace("x=1", "**values"), GOOD_PO, []),
        (GOOD.replace(", x=1", ""), GOOD_PO, ["no value for ['x']"]),
        (GOOD.replace('say("A {x}.", x=1)', 't = {1: say("A {x}.")}'), GOOD_PO, []),
        (GOOD, GOOD_PO.replace("打开", ""), ["no Chinese for 'Open'"]),
    ],
)
def test_what_does_not_fit_is_told(code: str, book: str, words: list[str]) -> None:
    findings = _compared(code, book)
    assert len(findings) == len(words), findings
    assert all(word in finding for word, finding in zip(words, findings, strict=True))


def test_a_text_in_two_catalogues_is_told() -> None:
    books = [texts.Catalogue(Path(name), HEADER + GOOD_PO) for name in ("a.po", "b.po")]
    assert "translated twice: 'A {x}.' (a.po:6, b.po:6)" in list(texts.compared([], books))


@pytest.mark.parametrize(
    "book",
    [
        GOOD_PO + '\nmsgid "A {x}."\nmsgstr "一个{x}。"\n',
        '#, fuzzy\nmsgid "Open"\nmsgstr "打开"\n',
        GOOD_PO + '\n#~ msgid "Old"\n#~ msgstr "旧"\n',
    ],
    ids=["repeated", "fuzzy", "obsolete"],
)
def test_an_unclean_catalogue_is_told(book: str) -> None:
    assert len(list(texts.Catalogue(BOOK, HEADER + book).findings())) == 1


def test_a_catalogue_of_another_language_is_told() -> None:
    german = texts.Catalogue(BOOK, HEADER.replace("zh_CN", "de") + GOOD_PO)
    assert list(german.findings()) == ["book.po: its header does not say Language: zh_CN"]


def test_english_that_is_no_literal_is_told() -> None:
    code = IMPORT + 'say(x)\nsay_count(1, "a", f"b")\nsay_in(x, "c")\nother.say(x)\n'
    assert [found.where for found in texts.of_python(PAGE, code)] == ["page.py:2", "page.py:3", "page.py:4"]
    assert list(texts.of_python(PAGE, "say(x)")) == []


def test_templates_are_read() -> None:
    page = '<p>{{ _("A {x}.", x=1) }}</p>\n{% if _n(n, "cat", "cats") %}{{ _c("verb", "Open") }}{% endif %}'
    found = sorted(texts.of_template(ROOT / "page.html", page + "\n{{ _(x) }}"), key=lambda each: each.where)
    said = [
        (each.where, each.context, each.source, each.many) for each in found if isinstance(each, texts.Said)
    ]
    assert said[0] == ("page.html:1", None, "A {x}.", None)
    assert sorted(said[1:], key=lambda each: each[2]) == [
        ("page.html:2", "verb", "Open", None),
        ("page.html:2", None, "cat", "cats"),
    ]
    assert found[-1] == texts.Unknown("page.html:3")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('raise OneCardError("x")', True),
        ('raise errors.ConflictError(f"{x}")', True),
        ('m = "x"; raise MineError(m)', True),
        ('m = "x {}".format(1); raise MineError(m)', True),
        ("raise OneCardError(str(x))", True),
        ("raise OneCardError", False),
        ('raise OneCardError(say("x"))', False),
        ('m = say("x"); raise OneCardError(m)', False),
        ('raise ValueError("x")', False),
    ],
)
def test_an_error_without_a_text_is_told(line: str, *, told: bool) -> None:
    classes = "class MineError(ConflictError): ...\nclass ConflictError(OneCardError): ...\n"
    code = f"{classes}def f(x):\n    {line}\n"
    findings = list(texts.unsaid_errors(PAGE, code, texts.family_of([code])))
    assert bool(findings) is told
    assert all(short(PAGE) in finding for finding in findings)
