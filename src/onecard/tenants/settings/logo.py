"""A logo as it was uploaded becomes a small PNG of our own making; nothing of the upload's bytes is kept."""

import io
import warnings
from hashlib import sha256

from PIL import Image, ImageOps, UnidentifiedImageError

from onecard.base.errors import OneCardError
from onecard.base.texts import Text, say
from onecard.tenants.settings.model import LOGO_BYTES_MOST, Logo

UPLOAD_BYTES_MOST = 2 * 1024 * 1024
PIXELS_MOST = 16_000_000
SIDES = (512, 384, 256, 128)  # a noisy picture is made smaller until it fits


def logo_of(upload: bytes) -> Logo:
    """The logo that becomes of an uploaded PNG or JPEG; takes up to half a second of the processor.

    Raises:
        OneCardError: it is too large, or not a PNG or JPEG picture (an SVG is a program, and refused).
    """
    if len(upload) > UPLOAD_BYTES_MOST:
        raise OneCardError(say("The picture has more than {most} MB; choose a smaller one.", most=2))
    picture = _decoded(upload)
    for side in SIDES:
        smaller = picture.copy()
        smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        smaller.save(out, "PNG", optimize=True)
        if out.tell() <= LOGO_BYTES_MOST:
            break
    png = out.getvalue()
    return Logo(png, smaller.width, smaller.height, sha256(png).hexdigest()[:16])


def _decoded(upload: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # we count pixels ourselves
            with Image.open(io.BytesIO(upload), formats=("PNG", "JPEG")) as picture:
                if picture.width * picture.height > PIXELS_MOST:
                    raise OneCardError(_too_many_pixels())
                upright = ImageOps.exif_transpose(picture)
                # a picture made from the pixels alone: no profile, text or thumbnail comes along
                clean = Image.new("RGBA", upright.size)
                clean.paste(upright.convert("RGBA"))
                return clean
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise OneCardError(say("This is not a PNG or JPEG picture that can be read.")) from None


def _too_many_pixels() -> Text:
    most = PIXELS_MOST // 1_000_000
    return say("The picture has more than {most} megapixels; choose a smaller one.", most=most)
