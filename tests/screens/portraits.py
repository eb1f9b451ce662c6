"""Portraits drawn for tests, so that no real face is needed: enough of one for the face check to find."""

import io
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

SKIN, SHADE, HAIR, LIPS = (225, 180, 150), (150, 105, 85), (45, 35, 30), (160, 70, 70)


def portrait(
    size: tuple[int, int] = (900, 1200), at: tuple[int, int] = (450, 500), radius: int = 200
) -> Image.Image:
    """One face from the front, its middle at a place, before a plain wall."""
    picture = Image.new("RGB", size, (210, 220, 230))
    draw = ImageDraw.Draw(picture)
    x, y = at

    def oval(middle: tuple[float, float], half: tuple[float, float], colour: tuple[int, int, int]) -> None:
        (mx, my), (hx, hy) = middle, half
        box = (x + (mx - hx) * radius, y + (my - hy) * radius, x + (mx + hx) * radius, y + (my + hy) * radius)
        draw.ellipse(box, fill=colour)

    draw.rectangle((x - 1.5 * radius, y + 1.6 * radius, x + 1.5 * radius, size[1]), fill=(60, 70, 110))
    oval((0, -0.25), (1.0, 1.2), HAIR)
    draw.rectangle((x - 0.3 * radius, y + radius, x + 0.3 * radius, y + 1.7 * radius), fill=SHADE)
    oval((0, 0.1), (0.85, 1.15), SKIN)
    for side in (-0.38, 0.38):
        oval((side, -0.12), (0.27, 0.16), SHADE)
        oval((side, -0.1), (0.17, 0.08), (245, 245, 245))
        oval((side, -0.1), (0.08, 0.08), HAIR)
        oval((side, -0.32), (0.25, 0.05), HAIR)
    oval((0, 0.25), (0.09, 0.28), (235, 195, 165))
    oval((0, 0.48), (0.16, 0.07), SHADE)
    oval((0, 0.78), (0.32, 0.1), LIPS)
    return picture.filter(ImageFilter.GaussianBlur(radius / 50))


def encoded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The picture as a file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
