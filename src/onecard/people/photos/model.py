"""What photos are: two of a person, what the face check finds, why a file is refused."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from onecard.base.texts import Text, say

FILE_MAX_MB = 10
PHOTO_MAX_BYTES = 200 * 1024
MEGAPIXELS_MAX = 24
WIDTH, HEIGHT = 600, 800  # of a stored photo, at most
SLOTS = (1, 2)


class Trouble(StrEnum):
    """Why a file is refused."""

    EMPTY = "empty"
    TOO_BIG = "too_big"
    WRONG_KIND = "wrong_kind"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    SOMETHING_ELSE = "something_else"
    DAMAGED = "damaged"
    TOO_MUCH = "too_much"


TROUBLES: dict[Trouble, Text] = {
    Trouble.EMPTY: say("The file is empty."),
    Trouble.TOO_BIG: say("The file is larger than {most} MB. Save the photo smaller.", most=FILE_MAX_MB),
    Trouble.WRONG_KIND: say("The file is not a JPEG or PNG picture. Save the photo as JPEG."),
    Trouble.TOO_MANY_PIXELS: say(
        "The picture has more than {most} megapixels. Save the photo smaller.", most=MEGAPIXELS_MAX
    ),
    Trouble.TOO_SMALL: say("The picture is too small for a portrait. Take one of at least 240 × 320 pixels."),
    Trouble.SOMETHING_ELSE: say(
        "The file carries something else beside the picture. Open it in a picture program and save it anew."
    ),
    Trouble.DAMAGED: say("The picture is damaged and cannot be opened."),
    Trouble.TOO_MUCH: say("The picture takes more time or memory to open than a photo may."),
}


class Finding(StrEnum):
    """What makes a photo unfit for a face terminal."""

    NOT_CHECKED = "not_checked"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    FACE_SMALL = "face_small"
    FACE_CUT = "face_cut"
    BLURRED = "blurred"
    DARK = "dark"
    BRIGHT = "bright"


FINDINGS: dict[Finding, Text] = {
    Finding.NOT_CHECKED: say("The face check is not installed on this server, so nobody looked at the face."),
    Finding.NO_FACE: say("No face was found. Take the photo from the front, with the eyes open."),
    Finding.SEVERAL_FACES: say("There are several faces. Only one person may be on the photo."),
    Finding.FACE_SMALL: say("The face is too small. Go nearer, so that head and shoulders fill the photo."),
    Finding.FACE_CUT: say("The face is at the edge. Leave room above and beside the head."),
    Finding.BLURRED: say("The face is blurred. Hold the camera still and focus on the eyes."),
    Finding.DARK: say("The face is too dark. Turn towards the light."),
    Finding.BRIGHT: say("The face is too bright. Avoid direct light and flash."),
}


class Picture(msgspec.Struct):
    """What the limited process prints first; the JPEG follows unless there is trouble."""

    trouble: Trouble | None = None
    width: int = 0
    height: int = 0
    findings: list[Finding] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A photo as it would be stored, and what the face check says; no finding: fit for a face terminal."""

    jpeg: bytes
    width: int
    height: int
    findings: tuple[Finding, ...]

    @property
    def sentences(self) -> list[Text]:
        """The findings for a person."""
        return [FINDINGS[each] for each in self.findings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A stored photo without its bytes; `face_use`: a face terminal may have it."""

    slot: int
    sha256: bytes
    width: int
    height: int
    findings: tuple[Finding, ...]
    face_use: bool
    created_at: datetime


class PhotoCheck(StrEnum):
    """What a tenant does about photos that are not fit for a face terminal."""

    WARN = "warn"
    REFUSE = "refuse"
