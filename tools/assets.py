# ruff: noqa: INP001  a script, not part of a package
"""Build what browsers load: `python tools/assets.py` fills src/onecard/web/static (docs/adr/0049).

Takes the stylesheet (Sass over parts of Tabler), the modules of assets/js, htmx and a sprite of the icons in
use; gives each a name with the hash of its content, a compressed twin, and a line in manifest.json.
Packages come from npm by package-lock.json, with the Node of the virtual environment.
"""

import ast
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "src" / "onecard" / "web"
SOURCE = WEB / "assets"
OUT = WEB / "static"
CACHE = ROOT / ".cache" / "npm"
MODULES = CACHE / "node_modules"

_HASH_LENGTH = 10
_PACK_FROM_BYTES = 400
_KEPT_S = 900  # how long a file outlives the build it came from
_IMPORT = re.compile(r"(\b(?:from|import)\s+)'\./([\w-]+\.js)'")
_TEMPLATE_CALL = re.compile(r"\bicon\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_CONDITION = re.compile(r"\bif\b.*?\belse\b")
_LITERAL = re.compile(r'"([a-z][a-z0-9-]*)"')
# where an icon stands among the positional arguments of these
_ICON_PLACE = {
    "Area": 2, "Button": 2, "Entry": 2, "Found": 2, "NavArea": 2, "NavItem": 2, "_action": 2, "_bulk": 2
}  # fmt: skip
_PATHS = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_FRAME = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')


def main() -> None:
    """Install the packages if the lock changed, build everything, remove what is out of date."""
    install()
    files = {
        "console.css": stylesheet(),
        "htmx.js": _bare(MODULES / "htmx.org" / "dist" / "htmx.min.js"),
        "favicon.svg": (SOURCE / "favicon.svg").read_bytes(),
        "icons.svg": sprite(icon_names()),
        "licences.txt": licences(),
    }
    names = {name: _hashed(name, content) for name, content in files.items()}
    written = {names[name]: content for name, content in files.items()}
    for name, content in modules().items():
        names[f"js/{name}"] = _hashed(f"js/{name}", content)
        written[names[f"js/{name}"]] = content
    publish(names, written)
    packed = sum(
        len(gzip.compress(content, 9)) for name, content in written.items() if "licences" not in name
    )
    sys.stderr.write(f"{len(names)} files in {OUT.relative_to(ROOT)}, {packed / 1000:.0f} kB compressed\n")


def install() -> None:
    """Bring the packages of package-lock.json, unless they are there."""
    lock = (SOURCE / "package-lock.json").read_bytes()
    stamp = CACHE / "installed"
    if stamp.exists() and stamp.read_bytes() == lock:
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, CACHE / name)
    # no package may run a program of its own while it is installed
    command = [
        "npm",
        "ci",
        "--ignore-scripts",
        "--omit=optional",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]
    _run(command, cwd=CACHE)
    stamp.write_bytes(lock)


def stylesheet() -> bytes:
    """The console's stylesheet, compressed."""
    sass = ["node", str(MODULES / "sass" / "sass.js"), f"--load-path={MODULES}", "--no-source-map", "--quiet"]
    made = _run([*sass, "--style=compressed", str(SOURCE / "css" / "console.scss")])
    # comments that begin with an exclamation mark survive compression; licences stand in a file of their own
    return re.sub(rb"/\*!.*?\*/", b"", made, flags=re.DOTALL)


def modules() -> dict[str, bytes]:
    """The modules of assets/js by name; imports name the hashed files.

    Raises:
        SystemExit: modules import each other in a circle, so that none can be hashed first.
    """
    sources = {path.name: path.read_text(encoding="utf-8") for path in sorted((SOURCE / "js").glob("*.js"))}
    done: dict[str, bytes] = {}
    while len(done) < len(sources):
        ready = [
            name
            for name, text in sources.items()
            if name not in done and all(wanted in done for _, wanted in _IMPORT.findall(text))
        ]
        if not ready:
            sys.exit(f"circular or missing imports among {sorted(set(sources) - set(done))}")
        for name in ready:
            done[name] = _IMPORT.sub(lambda found: _renamed(found, done), sources[name]).encode()
    return done


def _renamed(found: re.Match[str], done: dict[str, bytes]) -> str:
    hashed = Path(_hashed(found[2], done[found[2]])).name
    return f"{found[1]}'./{hashed}'"


def icon_names() -> list[str]:
    """Icons that templates and Python name, and those of icons.txt, which scripts and tuples name.

    Raises:
        SystemExit: there is no such icon.
    """
    wanted: dict[str, str] = {}
    for path in sorted((WEB / "templates").rglob("*.html")):
        for call in _TEMPLATE_CALL.findall(path.read_text(encoding="utf-8")):
            choices = _CONDITION.sub(" ", call.split(', "icon')[0])
            names = (name for name in _LITERAL.findall(choices) if name != "icon")
            wanted |= dict.fromkeys(names, path.name)
    for path in sorted(WEB.rglob("*.py")):
        wanted |= dict.fromkeys(_icons_in(ast.parse(path.read_text(encoding="utf-8"))), path.name)
    for line in (SOURCE / "icons.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            wanted[line] = "icons.txt"
    unknown = [
        f"{where}: there is no icon “{name}”" for name, where in wanted.items() if not _icon(name).exists()
    ]
    if unknown:
        sys.exit("\n".join(unknown))
    return sorted(wanted)


def _icons_in(tree: ast.AST) -> Iterator[str]:
    """Words in the place of an icon, plain or one of two by a condition."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            place = _ICON_PLACE.get(ast.unparse(call.func).removeprefix("nav."), len(call.args))
            given = [
                *call.args[place : place + 1],
                *(each.value for each in call.keywords if each.arg == "icon"),
            ]
            for part in given:
                choices = [part.body, part.orelse] if isinstance(part, ast.IfExp) else [part]
                words = (each.value for each in choices if isinstance(each, ast.Constant))
                yield from (word for word in words if isinstance(word, str) and word)


def _icon(name: str) -> Path:
    return MODULES / "@tabler" / "icons" / "icons" / "outline" / f"{name}.svg"


def sprite(names: list[str]) -> bytes:
    """One file with the icons as symbols."""
    symbols = []
    for name in names:
        inside = _PATHS.search(_icon(name).read_text(encoding="utf-8"))
        paths = re.sub(r"\s+", " ", _FRAME.sub("", inside[1] if inside else "")).replace("> <", "><").strip()
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{paths}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'.encode()


def licences() -> bytes:
    """The licences of what is built in."""
    packages = ("@tabler/core", "@tabler/icons", "htmx.org")
    lock = json.loads((SOURCE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    parts = []
    for package in packages:
        about = lock[f"node_modules/{package}"]
        file = MODULES / package / "LICENSE"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        parts.append(f"{package} {about['version']}: {about['license']}\n\n{text}")
    return "\n\n".join(parts).encode()


def publish(names: dict[str, str], files: dict[str, bytes]) -> None:
    """Write the files, then the manifest, then remove old ones; a server that runs keeps its own a while."""
    keep = {"manifest.json"}
    for name, content in files.items():
        path = OUT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        keep.add(name)
        if len(content) > _PACK_FROM_BYTES:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(content, 9, mtime=0))
            keep.add(f"{name}.gz")
    (OUT / "manifest.json").write_text(json.dumps(names, indent=1, sort_keys=True), encoding="utf-8")
    for path in OUT.rglob("*"):
        if path.is_file() and path.relative_to(OUT).as_posix() not in keep and _old(path):
            path.unlink()


def _old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > _KEPT_S


def _hashed(name: str, content: bytes) -> str:
    path = Path(name)
    digest = hashlib.sha256(content).hexdigest()[:_HASH_LENGTH]
    return path.with_name(f"{path.stem}.{digest}{path.suffix}").as_posix()


def _bare(path: Path) -> bytes:
    """A script without the comment that names its source map, which is not shipped."""
    return re.sub(rb"\n?//# sourceMappingURL=.*", b"", path.read_bytes())


def _run(command: list[str], cwd: Path = ROOT) -> bytes:
    binaries = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}
    program = shutil.which(command[0], path=environment["PATH"]) or command[0]
    whole = [program, *command[1:]]
    done = subprocess.run(  # noqa: S603  npm and node of the environment, with arguments of this file
        whole, cwd=cwd, env=environment, capture_output=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command[:3])} failed:\n{done.stderr.decode(errors='replace')}")
    return done.stdout


if __name__ == "__main__":
    main()
