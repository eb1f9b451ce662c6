"""The custody file: a tenant's masters outside the system, which two people open together.

Three lines of text. The first says what it is, the second is a header in JSON that anybody may read, the
third is the box in base 64:

    onecard custody 1
    {"tenant":"8672","made_at":…,"people":["Anna","Ben"],"cost":{…},"salts":[…],"nonce":…,"check_values":{…}}
    base64(XChaCha20-Poly1305(key, nonce, contents, authenticated = the first two lines with their ends))

- A person's key is Argon2id(passphrase in NFKC and UTF-8, that person's salt, the header's cost), 32 bytes.
- key = HKDF-SHA256(first person's key + second person's, no salt, info = the first line without its end).
- contents: JSON with `site` (base 64), `pin`, and `masters`: version → field, issuer, MAC master (base 64).
- check_values: version → for each of the three masters the first 3 bytes of AES-CMAC(master, 16 zero bytes)
  in hexadecimal. They tell masters apart and give nothing away that helps to find one.

Without either passphrase the box is as closed as without both.
"""

import unicodedata
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.utils import random

from onecard.base.errors import OneCardError
from onecard.cards.keyring import KeyRing
from onecard.cards.keys import BLOCK, Masters, Site, cmac

LEAST_CHARACTERS = 12
LARGEST_FILE = 1 << 20
_KIND = "onecard custody "
_FORMAT = "1"
_KEY, _SALT, _NONCE = 32, argon2id.SALTBYTES, 24
_CHECK_VALUE = 3
_LONGEST_NAME = 100

CheckValues = dict[int, tuple[str, str, str]]
_Bytes16 = Annotated[bytes, msgspec.Meta(min_length=BLOCK, max_length=BLOCK)]
# names are shown to people before anything about a file is proven
_Name = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,100}$")]
_Salt = Annotated[bytes, msgspec.Meta(min_length=_SALT, max_length=_SALT)]


class Cost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one try of a passphrase costs: passes over so much memory (in KiB).

    The bounds keep a made-up file from taking the machine's memory or hours of its time.
    """

    passes: Annotated[int, msgspec.Meta(ge=1, le=16)] = 3
    memory_kib: Annotated[int, msgspec.Meta(ge=8, le=1 << 20)] = 1 << 18


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a custody file says openly; it cannot be changed without the passphrases."""

    tenant: str
    made_at: datetime
    people: tuple[_Name, _Name]
    cost: Cost
    salts: tuple[_Salt, _Salt]
    nonce: Annotated[bytes, msgspec.Meta(min_length=_NONCE, max_length=_NONCE)]
    check_values: CheckValues


class _Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    site: Annotated[bytes, msgspec.Meta(min_length=4, max_length=4)]
    pin: Annotated[str, msgspec.Meta(pattern="^[0-9]{4}$")]
    masters: dict[int, tuple[_Bytes16, _Bytes16, _Bytes16]]

    @classmethod
    def of(cls, ring: KeyRing) -> Self:
        masters = {version: (one.field, one.issuer, one.mac) for version, one in ring.masters.items()}
        return cls(site=ring.site.site_id, pin=ring.site.pin, masters=masters)

    @property
    def ring(self) -> KeyRing:
        masters = {
            version: Masters(field=field, issuer=issuer, mac=mac)
            for version, (field, issuer, mac) in sorted(self.masters.items(), reverse=True)
        }
        return KeyRing(Site(site_id=self.site, pin=self.pin), masters)


@dataclass(frozen=True, slots=True)
class Keeper:
    """One of the two people, with a passphrase nobody else knows. No repr shows it."""

    name: str
    passphrase: str

    def __repr__(self) -> str:
        return f"Keeper({self.name!r})"


@dataclass(frozen=True, slots=True)
class Custody:
    """An opened custody file."""

    header: Header
    ring: KeyRing


def check_values(ring: KeyRing) -> CheckValues:
    """What tells masters apart without giving them away: version → field, issuer, MAC."""
    return {
        version: (_check_value(one.field), _check_value(one.issuer), _check_value(one.mac))
        for version, one in ring.masters.items()
    }


def check_keepers(first: Keeper, second: Keeper) -> None:
    """Whether these are two people with a passphrase each.

    Raises:
        OneCardError: a name is missing, unprintable or given twice; a passphrase is too short or the other's.
    """
    names = [keeper.name.strip() for keeper in (first, second)]
    if not all(name.isprintable() and 0 < len(name) <= _LONGEST_NAME for name in names):
        message = f"The name of a keeper has 1 to {_LONGEST_NAME} printable characters."
        raise OneCardError(message)
    if names[0].casefold() == names[1].casefold():
        message = "Custody needs the names of two different people."
        raise OneCardError(message)
    for keeper in (first, second):
        if len(_normal(keeper.passphrase)) < LEAST_CHARACTERS:
            message = f"The passphrase of {keeper.name} is too short: {LEAST_CHARACTERS} characters at least."
            raise OneCardError(message)
    if _normal(first.passphrase) == _normal(second.passphrase):
        message = "The two passphrases are the same; each person chooses one that the other does not know."
        raise OneCardError(message)


def seal(
    ring: KeyRing, *, tenant: str, made_at: datetime, first: Keeper, second: Keeper, cost: Cost | None = None
) -> bytes:
    """A custody file.

    Args:
        ring: the tenant's keys.
        tenant: its code.
        made_at: an aware time.
        first: one of the two people.
        second: the other.
        cost: of a try; None for the usual, about a second for each passphrase.

    Raises:
        OneCardError: see `check_keepers`.
    """
    check_keepers(first, second)
    header = Header(
        tenant=tenant,
        made_at=made_at,
        people=(first.name.strip(), second.name.strip()),
        cost=cost or Cost(),
        salts=(random(_SALT), random(_SALT)),
        nonce=random(_NONCE),
        check_values=check_values(ring),
    )
    head = f"{_KIND}{_FORMAT}\n".encode() + msgspec.json.encode(header) + b"\n"
    box = crypto_aead_xchacha20poly1305_ietf_encrypt(
        msgspec.json.encode(_Contents.of(ring)),
        head,
        header.nonce,
        _key(header, first.passphrase, second.passphrase),
    )
    return head + b64encode(box) + b"\n"


def read_header(data: bytes) -> Header:
    """What a custody file says openly: whose it is, and who opens it. Nothing of it is proven yet.

    Raises:
        OneCardError: it is not a custody file, or one of a newer program.
    """
    return _split(data)[1]


def open_file(data: bytes, first: str, second: str) -> Custody:
    """Open a custody file with the two passphrases, in the order of the header's people.

    Raises:
        OneCardError: it is no custody file, a passphrase is wrong, or the file was altered.
    """
    head, header, box = _split(data)
    try:
        inside = crypto_aead_xchacha20poly1305_ietf_decrypt(
            box, head, header.nonce, _key(header, first, second)
        )
        ring = msgspec.json.decode(inside, type=_Contents).ring
    except (CryptoError, msgspec.MsgspecError):
        message = "The custody file does not open: one of the passphrases is another one, or it was altered."
        raise OneCardError(message) from None
    if check_values(ring) != header.check_values:
        message = "The masters in the custody file are not those that its check values name."
        raise OneCardError(message)
    return Custody(header, ring)


def _split(data: bytes) -> tuple[bytes, Header, bytes]:
    kind, _, rest = data[:LARGEST_FILE].partition(b"\n")
    text, _, box = rest.partition(b"\n")
    found = kind.decode(errors="replace").removeprefix(_KIND) if kind.startswith(_KIND.encode()) else ""
    if found.isdecimal() and found != _FORMAT:
        message = f"This custody file was made by a newer program (format {found}, not {_FORMAT})."
        raise OneCardError(message)
    try:
        header = msgspec.json.decode(text, type=Header)
        sealed = b64decode(box.strip(), validate=True)
    except (msgspec.MsgspecError, Base64Error):
        found = ""
    if found != _FORMAT:
        message = "This is not a whole custody file."
        raise OneCardError(message)
    return kind + b"\n" + text + b"\n", header, sealed


def _key(header: Header, first: str, second: str) -> bytes:
    keys = b"".join(
        argon2id.kdf(
            _KEY,
            _normal(passphrase).encode(),
            salt,
            opslimit=header.cost.passes,
            memlimit=header.cost.memory_kib << 10,
        )
        for passphrase, salt in zip((first, second), header.salts, strict=True)
    )
    return HKDF(SHA256(), _KEY, salt=None, info=f"{_KIND}{_FORMAT}".encode()).derive(keys)


def _normal(passphrase: str) -> str:
    # keyboards and systems compose the same characters differently
    return unicodedata.normalize("NFKC", passphrase)


def _check_value(master: bytes) -> str:
    return cmac(master, bytes(BLOCK))[:_CHECK_VALUE].hex().upper()
