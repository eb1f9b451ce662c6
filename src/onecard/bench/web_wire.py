"""A browser's part of the wire: one connection that stays open, a session's cookie, a clock."""

import http.client
import time
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from onecard.base.errors import UnavailableError
from onecard.web.kit.screen import TABLE
from onecard.web.kit.visit import SESSION_COOKIE

# the console lets one address have 50 requests a second; whoever measures it keeps well below
_GAP_S = 1 / 40
_TIMEOUT_S = 30.0
_AS_BROWSER = {"accept": "text/html", "accept-encoding": "gzip", "accept-language": "zh-CN"}
_AS_TYPED = {"hx-request": "true", "hx-target": TABLE}


@dataclass(frozen=True, slots=True)
class Got:
    """An answer: status, milliseconds from the first byte sent to the last received, bytes of the body."""

    status: int
    ms: float
    size: int


class Wire:
    """Asks one after the other, as one browser does. It blocks: nothing else goes on while it measures."""

    def __init__(self, address: str) -> None:
        """`address`: of the console, with scheme."""
        where = urlsplit(address)
        self._connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=_TIMEOUT_S)
        self._last = 0.0

    def sign_in(self, path: str, code: str) -> str:
        """Use a one-time link up; returns the session's cookie.

        Raises:
            UnavailableError: the console did not let us in.
        """
        form = {"content-type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", path, urlencode({"code": code}), form)
        response = self._connection.getresponse()
        response.read()
        for header in response.headers.get_all("set-cookie") or []:
            if (morsel := SimpleCookie(header).get(SESSION_COOKIE)) is not None:
                return morsel.value
        message = f"The console did not take its one-time link: status {response.status}."
        raise UnavailableError(message)

    def get(self, path: str, cookie: str = "", *, typed: bool = False) -> Got:
        """Fetch a page.

        Args:
            path: with its query.
            cookie: the session's.
            typed: only the table, as a list asks for it while somebody types.
        """
        headers = _AS_BROWSER | ({"cookie": f"{SESSION_COOKIE}={cookie}"} if cookie else {})
        headers |= _AS_TYPED if typed else {}
        time.sleep(max(0.0, self._last + _GAP_S - time.perf_counter()))
        self._last = time.perf_counter()
        self._connection.request("GET", path, headers=headers)
        response = self._connection.getresponse()
        size = len(response.read())
        return Got(response.status, (time.perf_counter() - self._last) * 1000, size)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
