"""The built files of the console: complete, small, without anything a strict policy refuses."""

import ast
import gzip
import json
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "src" / "onecard" / "web"
STATIC = WEB / "static"
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
SCRIPTS = sorted((WEB / "assets" / "js").glob("*.js"))
FIRST_LOAD_MOST_BYTES = 100_000  # a page of a list adds some 20 kB; the limit for all of it is 200 kB


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = spec_from_file_location("assets_builder", ROOT / "tools" / "assets.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    found: dict[str, str] = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
    return found


def _content(names: dict[str, str], name: str) -> str:
    return (STATIC / names[name]).read_text(encoding="utf-8")


def test_every_file_is_there_and_its_twin_holds_the_same(names: dict[str, str]) -> None:
    for name in names.values():
        plain = (STATIC / name).read_bytes()
        twin = STATIC / f"{name}.gz"
        assert not twin.exists() or gzip.decompress(twin.read_bytes()) == plain


def test_the_first_load_is_small(names: dict[str, str]) -> None:
    loaded = [name for name in names if name not in {"licences.txt", "js/events-worker.js", "js/api-try.js"}]
    assert (
        sum(len(gzip.compress((STATIC / names[name]).read_bytes())) for name in loaded)
        < FIRST_LOAD_MOST_BYTES
    )


def test_modules_import_what_was_built(names: dict[str, str]) -> None:
    built = {Path(name).name for name in names.values()}
    for path in SCRIPTS:
        wanted = set(re.findall(r"from '\./([\w.-]+)'", _content(names, f"js/{path.name}")))
        assert wanted <= built, path.name


def test_pages_preload_every_module() -> None:
    head = (WEB / "templates" / "_head.html").read_text(encoding="utf-8")
    listed = re.search(r"for module in (\([^)]*\))", head)
    assert listed is not None
    # the one that loads the others, the one in a worker, and the one that a page of its own loads
    apart = {"console", "events-worker", "api-try"}
    assert set(ast.literal_eval(listed[1])) == {path.stem for path in SCRIPTS} - apart


def test_every_icon_is_in_the_sprite(names: dict[str, str], builder: ModuleType) -> None:
    """Fails also when a screen got a new icon since the files were built: `make setup` builds them."""
    sprite = _content(names, "icons.svg")
    assert [icon for icon in builder.icon_names() if f'id="{icon}"' not in sprite] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_nothing_inline(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert (
        re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style\b|\sstyle=|\son[a-z]+=|hx-on|javascript:", text)
        == []
    )
    # filters of htmx's triggers and js: values are compiled at run time, which the policy forbids
    assert re.findall(r'hx-trigger="[^"]*\[|hx-(?:vals|headers|confirm)="js:', text) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_modules_a_strict_policy_runs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    node = Path(sys.executable).with_name("node")
    command = [str(node), "--input-type=module", "--check"]
    checked = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert (
        re.findall(r"\beval\(|new Function|\.style\.|setAttribute\('style'|window\.confirm|\balert\(", text)
        == []
    )


def test_texts_of_the_scripts_are_on_the_page() -> None:
    overlays = (WEB / "templates" / "_overlays.html").read_text(encoding="utf-8").split('id="texts"')[1]
    given = set(re.findall(r'\("([a-z-]+)", _\(', overlays))
    read = {
        key
        for path in SCRIPTS
        for key in re.findall(r"\btext\('([a-z-]+)'", path.read_text(encoding="utf-8"))
    }
    # named by a condition or a variable
    read |= {"offline", "unreachable", "stale", "unsure", "unread", "discard-yes"}
    assert read == given


def test_an_unknown_icon_ends_the_build(builder: ModuleType) -> None:
    tree = ast.parse(
        "Button(label, '/x', 'users' if a else 'user', tone)\nScreen(icon='id')\naudit.Entry(1, 2, 'no')"
    )
    assert sorted(builder._icons_in(tree)) == ["id", "user", "users"]
    assert not builder._icon("no-such-icon").exists()
