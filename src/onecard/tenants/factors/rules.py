"""Pure rules of codes: RFC 6238 steps, recovery codes, the QR code."""

import base64
import hashlib
import io
import secrets
from datetime import datetime

import pyotp
import segno

STEP_SECONDS = 30
STEPS_AROUND = 1  # clocks of phones are a little off (RFC 6238, 5.2)
CODE_DIGITS = 6
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # 80 random bits need no slow hash


def new_secret() -> str:
    """160 random bits as base32 (RFC 4226, 4)."""
    return pyotp.random_base32()


def uri(secret: str, *, account: str, issuer: str) -> str:
    """What an authenticator app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def qr(content: str) -> str:
    """A QR code as an SVG element of its place's size; black on white, which alone every camera reads."""
    file = io.BytesIO()
    segno.make(content, error="m").save(
        file, kind="svg", xmldecl=False, svgns=True, omitsize=True, light="#fff", border=4
    )
    return file.getvalue().decode()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The 30-second step whose code this is, among the present one and its neighbours; None: none of them."""
    present = int(now.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    matching = [
        step
        for step in range(present - STEPS_AROUND, present + STEPS_AROUND + 1)
        if secrets.compare_digest(totp.generate_otp(step), code)
    ]
    return matching[0] if matching else None


def normal_code(typed: str) -> str:
    """A code without what people put between its characters."""
    return "".join(character for character in typed.upper() if character.isascii() and character.isalnum())


def new_recovery_code() -> str:
    """80 random bits: `ABCD-EFGH-IJKL-MNOP`."""
    letters = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode()
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def digest(code: str) -> bytes:
    """What the database keeps of a recovery code."""
    return hashlib.sha256(normal_code(code).encode()).digest()
