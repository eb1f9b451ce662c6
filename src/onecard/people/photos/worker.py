"""The process that opens a photo from outside, with little memory and time.

Reads the file from its input; prints one line of JSON (`Picture`) and the JPEG that is to be stored. It is
started by `process.py` and imports nothing that touches the database.
"""

import contextlib
import io
import resource
import sys

import msgspec
from PIL import Image, ImageOps

from onecard.people.photos.containers import NotAPictureError, carries_something_else, is_picture
from onecard.people.photos.faces import Box, look
from onecard.people.photos.model import (
    FILE_MAX_MB,
    HEIGHT,
    MEGAPIXELS_MAX,
    PHOTO_MAX_BYTES,
    WIDTH,
    Picture,
    Trouble,
)

DATA_BYTES = 180 << 20  # of private memory; 24 megapixels take 150 MB while it is decoded
CPU_S = 8
_WORKING_SIDE = 1600  # pixels; what is larger is made smaller before anything else
_LEAST = (240, 320)
_QUALITIES = (90, 82, 74, 64, 52, 40)
_HEAD_ROOM = 2.4  # height of a portrait in heights of the face
_FACE_AT = 0.47  # of the height


def limit_process() -> None:
    """Give up the right to memory, time, files and core dumps beyond what one photo takes."""
    for kind, amount in (
        (resource.RLIMIT_DATA, DATA_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (amount, amount))


def prepare(data: bytes) -> tuple[Picture, bytes]:
    """What is stored of a file, or why nothing is."""
    trouble = _trouble_of(data)
    if trouble is not None:
        return Picture(trouble), b""
    try:
        picture = _open(data)
        if picture is None:
            return Picture(Trouble.TOO_MANY_PIXELS), b""
        if min(picture.size) < _LEAST[0] or max(picture.size) < _LEAST[1]:
            return Picture(Trouble.TOO_SMALL), b""
        face, findings = look(picture)
        portrait = _cropped(picture, face)
    except MemoryError:
        return Picture(Trouble.TOO_MUCH), b""
    except (OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, ArithmeticError):
        # Pillow's decoders raise all of these about malformed files
        return Picture(Trouble.DAMAGED), b""
    return Picture(None, *portrait.size, findings), _encoded(portrait)


def _trouble_of(data: bytes) -> Trouble | None:
    if not data:
        return Trouble.EMPTY
    if len(data) > FILE_MAX_MB << 20:
        return Trouble.TOO_BIG
    if not is_picture(data):
        return Trouble.WRONG_KIND
    try:
        return Trouble.SOMETHING_ELSE if carries_something_else(data) else None
    except NotAPictureError:
        return Trouble.DAMAGED


def _open(data: bytes) -> Image.Image | None:
    """The picture upright, in plain colours, not larger than is worked on; None: too many pixels."""
    Image.MAX_IMAGE_PIXELS = None  # judged here, before anything is decoded
    source: Image.Image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    if source.width * source.height > MEGAPIXELS_MAX * 1_000_000:
        return None
    source.draft("RGB", (_WORKING_SIDE, _WORKING_SIDE))
    orientation = source.getexif()
    source.load()
    if source.mode.startswith("I;16"):
        high = slice(0, None, 2) if source.mode.endswith("B") else slice(1, None, 2)
        source = Image.frombytes("L", source.size, source.tobytes()[high])
    source.thumbnail((_WORKING_SIDE, _WORKING_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    small = Image.new("RGB", source.size, "white")
    clear = source.convert("RGBA") if source.has_transparency_data else None
    small.paste(source.convert("RGB") if clear is None else clear, mask=clear)
    small.getexif().update(orientation)
    ImageOps.exif_transpose(small, in_place=True)
    return small


def _cropped(picture: Image.Image, face: Box | None) -> Image.Image:
    """A portrait of 3:4 around the face; without one, the middle of the upper part."""
    width, height = picture.size
    most = min(height, width * HEIGHT / WIDTH)
    tall = min(most, face.height * _HEAD_ROOM) if face else most
    wide = tall * WIDTH / HEIGHT
    middle, eyes = face.middle if face else (width / 2, height * _FACE_AT)
    left = min(max(0.0, middle - wide / 2), width - wide)
    top = min(max(0.0, eyes - tall * _FACE_AT), height - tall)
    box = (round(left), round(top), round(left + wide), round(top + tall))
    portrait = picture.crop(box)
    portrait.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    return portrait


def _encoded(portrait: Image.Image) -> bytes:
    """JPEG without any metadata, as good as fits."""
    jpeg = b""
    for quality in _QUALITIES:
        buffer = io.BytesIO()
        portrait.save(buffer, "JPEG", quality=quality, optimize=True, exif=b"", icc_profile=None)
        jpeg = buffer.getvalue()
        if len(jpeg) <= PHOTO_MAX_BYTES:
            break
    return jpeg


def main() -> None:
    """Prepare the photo that comes in."""
    limit_process()
    data = sys.stdin.buffer.read((FILE_MAX_MB << 20) + 1)
    picture, jpeg = prepare(data)
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.buffer.write(msgspec.json.encode(picture) + b"\n" + jpeg)


if __name__ == "__main__":
    main()
