"""Encryption of personal data at rest: sealed values, and keyed hashes that find them without opening them.

One key file serves the installation; each tenant and purpose gets its own key derived from it, so that a
value or a hash copied from one tenant's rows means nothing in another's.
"""

from nacl.encoding import RawEncoder
from nacl.exceptions import CryptoError
from nacl.hash import blake2b
from nacl.secret import SecretBox

from onecard.base.errors import UnavailableError
from onecard.base.keyfile import KEY_BYTES, open_key
from onecard.base.settings import Settings

_VERSION = b"\x01"  # of the box's format and key; a rotated key gets the next one


class Vault:
    """Seals, opens and tags the personal data of tenants."""

    def __init__(self, master: bytes) -> None:
        """`master`: 32 secret bytes."""
        if len(master) != KEY_BYTES:
            message = f"a key has {KEY_BYTES} bytes, not {len(master)}"
            raise ValueError(message)
        self._master = master
        self._derived: dict[tuple[bytes, int], bytes] = {}

    def seal(self, tenant_id: int, plain: str) -> bytes:
        """Encrypt and authenticate; the same text gives another box each time."""
        return self.seal_bytes(tenant_id, plain.encode())

    def seal_bytes(self, tenant_id: int, plain: bytes) -> bytes:
        """As `seal`, for photos and pieces of files."""
        return _VERSION + bytes(SecretBox(self._key(b"seal", tenant_id)).encrypt(plain))

    def unseal(self, tenant_id: int, box: bytes) -> str:
        """The text of a box.

        Raises:
            UnavailableError: the box was made with another key or for another tenant, or was altered.
        """
        return self.unseal_bytes(tenant_id, box).decode()

    def unseal_bytes(self, tenant_id: int, box: bytes) -> bytes:
        """The bytes of a box made by `seal_bytes`.

        Raises:
            UnavailableError: the box was made with another key or for another tenant, or was altered.
        """
        version, sealed = box[:1], box[1:]
        try:
            if version == _VERSION:
                return bytes(SecretBox(self._key(b"seal", tenant_id)).decrypt(sealed))
            cause: Exception | None = None
        except (CryptoError, ValueError) as error:
            cause = error
        message = "A protected value cannot be opened: it was altered, or the data key is another one."
        raise UnavailableError(message) from cause

    def tag(self, tenant_id: int, plain: str) -> bytes:
        """16 bytes that are equal for equal texts of one tenant and tell nothing without the key."""
        key = self._key(b"tag", tenant_id)
        return blake2b(plain.encode(), digest_size=16, key=key, encoder=RawEncoder)

    def _key(self, purpose: bytes, tenant_id: int) -> bytes:
        name = (purpose, tenant_id)
        if name not in self._derived:
            self._derived[name] = blake2b(
                tenant_id.to_bytes(8), digest_size=KEY_BYTES, key=self._master,
                person=purpose.ljust(16, b"\0"), encoder=RawEncoder,
            )  # fmt: skip
        return self._derived[name]


def open_vault(settings: Settings) -> Vault:
    """The installation's vault; makes its key file when none was named and none exists.

    Raises:
        UnavailableError: the key file is missing, malformed, or readable by other users.
    """
    return Vault(open_key(settings.data_key, settings.data_dir / "keys" / "data.key", "data key"))
