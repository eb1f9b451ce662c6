"""A key-encryption key inside a hardware security module, through PKCS#11.

Needs the extra `hsm`. The key never leaves the module: it wraps and unwraps there with AES-GCM.
"""

import asyncio
from pathlib import Path
from typing import Any

import pkcs11
from nacl.utils import random
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass

from onecard.base.errors import UnavailableError
from onecard.cards.wrapping import NONCE_BYTES, BoxContext, cannot_open


class Pkcs11Wrapper:
    """One AES key of one token.

    Args:
        module: the library of the module's maker.
        token: label of the token.
        label: label of the AES key on it.
        pin: of the token's user.
    """

    def __init__(self, *, module: Path, token: str, label: str, pin: str) -> None:
        self.name = f"pkcs11:{token}/{label}"
        self._module, self._token, self._label, self._pin = module, token, label, pin

    async def wrap(self, secret: bytes, context: BoxContext) -> bytes:
        """A random nonce and the box.

        Raises:
            UnavailableError: the module, token or key cannot be used.
        """
        nonce: bytes = random(NONCE_BYTES)
        return nonce + await asyncio.to_thread(self._encrypt, nonce, secret, context.encoded)

    async def unwrap(self, box: bytes, context: BoxContext) -> bytes:
        """The secret of a box; see `KeyWrapper`."""
        nonce, sealed = box[:NONCE_BYTES], box[NONCE_BYTES:]
        return await asyncio.to_thread(self._decrypt, nonce, sealed, context.encoded)

    def make_key(self) -> None:
        """Make the AES-256 key on the token unless it is there; it cannot be read from there.

        Raises:
            UnavailableError: the module or token cannot be used.
        """
        try:
            with self._session(rw=True) as session:
                here = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: self._label}
                if any(session.get_objects(here)):
                    return
                session.generate_key(
                    KeyType.AES,
                    256,
                    label=self._label,
                    store=True,
                    template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
                )
        except pkcs11.PKCS11Error as error:
            raise self._unusable(error) from error

    def _encrypt(self, nonce: bytes, secret: bytes, context: bytes) -> bytes:
        try:
            with self._session() as session:
                sealed: bytes = self._key(session).encrypt(secret, **_gcm(nonce, context))
        except pkcs11.PKCS11Error as error:
            raise self._unusable(error) from error
        return sealed

    def _decrypt(self, nonce: bytes, sealed: bytes, context: bytes) -> bytes:
        try:
            with self._session() as session:
                key = self._key(session)
                try:
                    secret: bytes = key.decrypt(sealed, **_gcm(nonce, context))
                except pkcs11.PKCS11Error as error:
                    raise cannot_open() from error
        except pkcs11.PKCS11Error as error:
            raise self._unusable(error) from error
        return secret

    def _session(self, *, rw: bool = False) -> pkcs11.Session:
        return (
            pkcs11.lib(str(self._module)).get_token(token_label=self._token).open(rw=rw, user_pin=self._pin)
        )

    def _key(self, session: pkcs11.Session) -> Any:
        # what a key can do is mixed into its class when it is found
        return session.get_key(object_class=ObjectClass.SECRET_KEY, label=self._label)

    def _unusable(self, error: pkcs11.PKCS11Error) -> UnavailableError:
        # an error of this library often carries no text, only its class
        message = f"The card key {self.name} cannot be used: {str(error) or type(error).__name__}."
        return UnavailableError(message)


def _gcm(nonce: bytes, context: bytes) -> dict[str, Any]:
    return {"mechanism": Mechanism.AES_GCM, "mechanism_param": GCMParams(nonce, context)}
