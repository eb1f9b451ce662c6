"""Masters at rest: wrapped by a key-encryption key that lives outside the database.

The file is for one machine; `pkcs11_wrapper` keeps the key in a hardware module, `kms_wrapper` in a key
service.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.utils import random

from onecard.base.errors import SettingError, UnavailableError
from onecard.base.keyfile import open_key, read_secret
from onecard.base.settings import Settings
from onecard.cards.keys import BLOCK, Masters

NONCE_BYTES = 12
_MASTERS = 3


@dataclass(frozen=True, slots=True)
class BoxContext:
    """What a box belongs to: authenticated with it, so that a box copied to another row does not open."""

    tenant_id: int
    version: int

    @property
    def encoded(self) -> bytes:
        """As bytes, for ciphers."""
        return b"onecard card masters" + self.tenant_id.to_bytes(8) + bytes([self.version])

    @property
    def fields(self) -> dict[str, str]:
        """As names and values, for services that write them into their own audit trail."""
        return {
            "purpose": "onecard card masters",
            "tenant": str(self.tenant_id),
            "version": str(self.version),
        }


class KeyWrapper(Protocol):
    """A key-encryption key. It may be a machine far away, so both ways can take time and fail."""

    @property
    def name(self) -> str:
        """Which key it is; kept beside what it wrapped."""

    async def wrap(self, secret: bytes, context: BoxContext) -> bytes:
        """Encrypt and authenticate a secret together with the context it belongs to.

        Raises:
            UnavailableError: the key cannot be used now.
        """

    async def unwrap(self, box: bytes, context: BoxContext) -> bytes:
        """The secret of a box.

        Raises:
            UnavailableError: another key or context, an altered box, or a module that does not answer.
        """


class FileWrapper:
    """AES-256-GCM with the key of a file."""

    name = "file"

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    async def wrap(self, secret: bytes, context: BoxContext) -> bytes:
        """A random nonce and the box."""
        nonce: bytes = random(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, context.encoded)

    async def unwrap(self, box: bytes, context: BoxContext) -> bytes:
        """The secret of a box; see `KeyWrapper`."""
        try:
            return self._cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], context.encoded)
        except (InvalidTag, ValueError):
            raise cannot_open() from None


def open_wrapper(settings: Settings, place: str = "") -> KeyWrapper:
    """A key-encryption key.

    Args:
        settings: of the process.
        place: `file:PATH`, `pkcs11:TOKEN/LABEL` (made when they do not exist) or `kms:CLIENT/KEY`; empty:
            the installation's own, as the settings say.

    Raises:
        SettingError: no such place, or settings it needs are missing.
        UnavailableError: the key file is missing, malformed, or readable by other users; no such key service.
    """
    kind, _, where = (place or settings.card_key_in).partition(":")
    owner, _, key = where.partition("/")
    match kind:
        case "file" if where:
            return FileWrapper(open_key(None, Path(where), "card key"))
        case "file":
            default = settings.data_dir / "keys" / "card.key"
            return FileWrapper(open_key(settings.card_key, default, "card key"))
        case "pkcs11" if key:
            return _in_module(settings, owner, key, make=bool(place))
        case "kms" if key:
            from onecard.cards.kms_wrapper import open_kms  # noqa: PLC0415  it imports this module

            return open_kms(owner, key)
    message = f"{place!r} is no place for a card key; it is file:PATH, pkcs11:TOKEN/LABEL or kms:CLIENT/KEY."
    raise SettingError(message)


def _in_module(settings: Settings, token: str, label: str, *, make: bool) -> KeyWrapper:
    if settings.card_key_module is None or settings.card_key_pin is None:
        missing = "MODULE" if settings.card_key_module is None else "PIN"
        message = f"ONECARD_CARD_KEY_{missing} is missing: a card key in a hardware module needs it."
        raise SettingError(message)
    try:
        from onecard.cards.pkcs11_wrapper import Pkcs11Wrapper  # noqa: PLC0415  needs the extra `hsm`
    except ImportError:
        message = "A card key in a hardware module needs the extra `hsm`: install onecard[hsm]."
        raise UnavailableError(message) from None
    pin = read_secret(settings.card_key_pin, "PIN file")
    wrapper = Pkcs11Wrapper(module=settings.card_key_module, token=token, label=label, pin=pin)
    if make:
        wrapper.make_key()
    return wrapper


def new_masters() -> Masters:
    """Three random masters."""
    return Masters(field=random(BLOCK), issuer=random(BLOCK), mac=random(BLOCK))


async def wrap_masters(wrapper: KeyWrapper, masters: Masters, *, tenant_id: int, version: int) -> bytes:
    """One box for the three masters of a tenant's key version."""
    secret = masters.field + masters.issuer + masters.mac
    return await wrapper.wrap(secret, BoxContext(tenant_id, version))


async def unwrap_masters(wrapper: KeyWrapper, box: bytes, *, tenant_id: int, version: int) -> Masters:
    """The masters of a box.

    Raises:
        UnavailableError: it was wrapped by another key, for another tenant or version, or altered.
    """
    secret = await wrapper.unwrap(box, BoxContext(tenant_id, version))
    if len(secret) != _MASTERS * BLOCK:
        raise cannot_open()
    field, issuer, mac = _parts(secret)
    return Masters(field=field, issuer=issuer, mac=mac)


def cannot_open() -> UnavailableError:
    """What to raise when a box does not open."""
    message = "The tenant's card keys cannot be opened: they were altered, or the card key is another one."
    return UnavailableError(message)


def _parts(secret: bytes) -> Sequence[bytes]:
    return [secret[start : start + BLOCK] for start in range(0, len(secret), BLOCK)]
