"""The face check: one face, large, whole, sharp, lit. Without its library every photo is “not checked”.

Haar cascades are old but small, offline and part of the library; what they have to tell is whether a photo
shows one face from the front and where it is, not whose.
"""

from dataclasses import dataclass
from typing import Any

from PIL import Image

from onecard.people.photos.model import Finding

_CASCADES = ("haarcascade_frontalface_alt2.xml", "haarcascade_frontalface_default.xml")
_SEARCH_SIDE = 640  # pixels of the longer side in which faces are looked for
_FACE_LEAST = 110  # pixels of width that a terminal needs
_SECOND_LEAST = 0.2  # of the first face's area; smaller ones are posters and chance
_SHARP_LEAST = 25  # variance of the Laplacian on a face of 160 × 160
_DARK_BELOW, _BRIGHT_ABOVE = 60, 215  # mean grey of a face
_FACE_SIDE = 160


@dataclass(frozen=True, slots=True)
class Box:
    """Where a face is, in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def middle(self) -> tuple[float, float]:
        """Of the face."""
        return self.left + self.width / 2, self.top + self.height / 2


def look(picture: Image.Image) -> tuple[Box | None, list[Finding]]:
    """The largest face, and what makes the photo unfit for a face terminal."""
    try:
        import cv2  # noqa: PLC0415  optional, and its memory is wanted only after the picture was made small
        import numpy as np  # noqa: PLC0415  comes with it
    except ImportError:
        return None, [Finding.NOT_CHECKED]
    cv2.setNumThreads(1)
    grey = np.asarray(picture.convert("L"))
    faces = _find(cv2, grey)
    if not faces:
        return None, [Finding.NO_FACE]
    face = faces[0]
    findings = [Finding.SEVERAL_FACES] if len(faces) > 1 else []
    findings += _judge(cv2, grey, face)
    return face, findings


def _find(cv2: Any, grey: Any) -> list[Box]:
    """Faces, largest first."""
    height, width = grey.shape
    scale = min(1.0, _SEARCH_SIDE / max(height, width))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = cv2.equalizeHist(small)
    least = max(24, min(small.shape) // 16)
    for name in _CASCADES:
        cascade = cv2.CascadeClassifier(cv2.data.haarcascades + name)
        found = cascade.detectMultiScale(small, 1.1, 5, minSize=(least, least))
        boxes = [Box(*(int(side / scale) for side in sides)) for sides in found]
        if boxes:
            boxes.sort(key=lambda box: -box.width)
            return [box for box in boxes if box.width**2 >= _SECOND_LEAST * boxes[0].width ** 2]
    return []


def _judge(cv2: Any, grey: Any, face: Box) -> list[Finding]:
    height, width = grey.shape
    findings = []
    if face.width < _FACE_LEAST:
        findings.append(Finding.FACE_SMALL)
    room = face.width * 0.2
    whole = room <= face.left <= width - room - face.width and room <= face.top <= height - face.height * 1.1
    if not whole:
        findings.append(Finding.FACE_CUT)
    skin = grey[max(face.top, 0) : face.top + face.height, max(face.left, 0) : face.left + face.width]
    skin = cv2.resize(skin, (_FACE_SIDE, _FACE_SIDE), interpolation=cv2.INTER_AREA)
    if cv2.Laplacian(skin, cv2.CV_64F).var() < _SHARP_LEAST:
        findings.append(Finding.BLURRED)
    if skin.mean() < _DARK_BELOW:
        findings.append(Finding.DARK)
    elif skin.mean() > _BRIGHT_ABOVE:
        findings.append(Finding.BRIGHT)
    return findings
