"""The built files: their hashed names, and how they are served."""

import json
from importlib.resources import files
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from onecard.base.errors import UnavailableError
from onecard.base.texts import say

_FOREVER = "public, max-age=31536000, immutable"


class Assets:
    """Addresses of the built files by their source names."""

    def __init__(self, directory: Path, names: dict[str, str]) -> None:
        """`names`: source name to hashed name, both relative to `directory`."""
        self.directory, self._names = directory, names

    def url(self, name: str) -> str:
        """The address of a file; a name that was not built is a fault of the template."""
        return f"/static/{self._names[name]}"


def load_assets() -> Assets:
    """The files built by tools/assets.py.

    Raises:
        UnavailableError: they were not built.
    """
    directory = Path(str(files("onecard.web"))) / "static"
    try:
        names = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UnavailableError(say("The console's files are not built; run `make setup`.")) from None
    return Assets(directory, names)


class StaticDoor(StaticFiles):
    """Serves built files: compressed ones to whoever takes them, all of them cached for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """As the base class; a `.gz` beside the file is preferred."""
        packed = "gzip" in Headers(scope=scope).get("accept-encoding", "")
        full, found = self.lookup_path(path + ".gz") if packed else ("", None)
        response = await super().get_response(path + ".gz" if found and full else path, scope)
        if found:
            response.headers["content-encoding"] = "gzip"
            response.headers["content-type"] = _MEDIA.get(path.rsplit(".", 1)[-1], "application/octet-stream")
        response.headers["vary"] = "accept-encoding"
        response.headers["cache-control"] = _FOREVER
        return response


_MEDIA = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json",
    "webmanifest": "application/manifest+json",
}
