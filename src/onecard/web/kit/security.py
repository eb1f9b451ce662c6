"""What every answer carries and every request must pass, before any page is asked.

Pages have no inline script and no inline style, so the policy allows none. A request that changes something
is refused when a browser says it comes from another site: `Sec-Fetch-Site`, or `Origin` where that is missing
(as OWASP's cheat sheet on cross-site request forgery has it; no tokens that pages would have to carry).
"""

from time import monotonic

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onecard.base.texts import Text, say
from onecard.web.kit.problems import PROBLEM, document, language_of

POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
UPLOAD_MOST = 64 * 1024 * 1024
TOO_LARGE = say(
    "More than {most} MB cannot be sent at once. Nothing was changed.", most=UPLOAD_MOST // 1024**2
)
_BUCKETS_MOST = 20_000
_WAIT_S = 1


class Doorkeeper:
    """ASGI middleware: security headers, no requests from other sites, no endless bodies, no floods."""

    def __init__(self, app: ASGIApp, *, per_second: float = 50.0, burst: int = 300) -> None:
        """`per_second`, `burst`: requests of one address, static files aside."""
        self.app = app
        self._rate, self._burst = per_second, burst
        self._buckets: dict[str, tuple[float, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or say why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        why = self._refusal(scope, headers)
        if why is not None:
            await _refused(scope, headers, *why)(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    answer.setdefault(name, value)
                if scope["scheme"] == "https":
                    answer.setdefault("strict-transport-security", "max-age=31536000")
                answer.setdefault("cache-control", "no-store")
            await send(message)

        await self.app(scope, _limited(receive), dressed)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, Text] | None:
        if scope["method"] not in _SAFE and foreign(scope, headers):
            return 403, say("A request from another site is refused. Nothing was changed.")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > UPLOAD_MOST:
            return 413, TOO_LARGE
        address = scope["client"][0] if scope.get("client") else ""
        if not scope["path"].startswith("/static/") and self._floods(address):
            return 429, say("Too many requests from this address; wait a moment. Nothing was changed.")
        return None

    def _floods(self, address: str) -> bool:
        now = monotonic()
        left, at = self._buckets.get(address, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) * self._rate)
        if len(self._buckets) > _BUCKETS_MOST:
            self._buckets.clear()
        self._buckets[address] = (max(0.0, left - 1), now)
        return left < 1


def _refused(scope: Scope, headers: Headers, status: int, sentence: Text) -> Response:
    """The refusal as programs or as people read it."""
    language = language_of(headers.get("accept-language", ""))
    more = _HEADERS | ({"retry-after": str(_WAIT_S)} if status == 429 else {})  # noqa: PLR2004  as HTTP has it
    if not scope["path"].startswith("/api/"):
        return PlainTextResponse(sentence.read(language), status, more)
    members, its_own = document(language, status, sentence)
    return JSONResponse(members, status, more | its_own, PROBLEM)


def foreign(scope: Scope, headers: Headers) -> bool:
    """Whether a browser says that the request was made by another site's page.

    Programs other than browsers send neither header; they carry no cookies of ours by accident.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return "cookie" in headers
    return origin != f"{scope['scheme']}://{headers.get('host', '')}"


def _limited(receive: Receive) -> Receive:
    """Without a stated length, a body is cut where it becomes too long."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > UPLOAD_MOST:
            raise HTTPException(413, str(TOO_LARGE))
        return message

    return limited
