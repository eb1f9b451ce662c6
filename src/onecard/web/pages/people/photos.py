"""Photos as pictures: of people the operator sees, kept by the browser as long as they are the same."""

import asyncio
import io
from collections import OrderedDict

from PIL import Image
from starlette.responses import Response

from onecard.people.photos import service as photos
from onecard.tenants.functions import F
from onecard.web.kit.routes import Page
from onecard.web.kit.visit import Visit

PATH = "/people/photos/{person:int}/{slot:int}"
_SMALL = (96, 128)
_KEPT_MOST = 2000  # small pictures of about 3 KB in memory
_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"
_small: OrderedDict[bytes, bytes] = OrderedDict()


async def show(visit: Visit) -> Response:
    """A photo; with `size=small` as lists show it."""
    return await picture(visit, visit.number("person"), visit.number("slot"))


async def picture(visit: Visit, person_id: int, slot: int) -> Response:
    """The answer with a person's photo, or that the browser has it already."""
    async with visit.tx() as tx:
        content, digest = await photos.jpeg(tx, person_id, slot, departments=visit.scope)
    small = visit.query.get("size") == "small"
    tag = f'"{digest.hex()[:32]}{"-s" if small else ""}"'
    # an address that names the content never shows another one
    named = visit.query.get("v") == digest[:8].hex()
    headers = {"etag": tag, "cache-control": _FOR_EVER if named else _ASK_AGAIN, "vary": "Cookie"}
    if visit.request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if small:
        content = await _shrunk(content, digest)
    return Response(content, media_type="image/jpeg", headers=headers)


async def _shrunk(content: bytes, digest: bytes) -> bytes:
    if digest not in _small:
        _small[digest] = await asyncio.to_thread(_shrink, content)
        while len(_small) > _KEPT_MOST:
            _small.popitem(last=False)
    _small.move_to_end(digest)
    return _small[digest]


def _shrink(content: bytes) -> bytes:
    """Our own re-encoded JPEG, so that it may be opened in this process."""
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as picture:
        picture.draft("RGB", _SMALL)
        picture.thumbnail(_SMALL)
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=80)
        return out.getvalue()


PAGES = [Page(PATH, show, needs=F.PEOPLE_PHOTO_VIEW)]
