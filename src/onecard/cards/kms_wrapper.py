"""A key-encryption key inside a key service, as clouds and vaults offer it.

The services differ in their libraries, hardly in what they do: encrypt and decrypt a few bytes under a named
key, together with names and values that both ways must agree on and that the service writes into its audit
trail. `KmsClient` is that much. The product depends on no service's library: a distribution that has one
offers its client as an entry point, and the setting `kms:CLIENT/KEY` names it.

    [project.entry-points."onecard.kms"]
    acme = "onecard_acme:client"  # called without arguments, returns a KmsClient
"""

import asyncio
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Protocol

from onecard.base.errors import UnavailableError
from onecard.cards.wrapping import BoxContext, cannot_open

GROUP = "onecard.kms"


class KmsClient(Protocol):
    """What a key service must do. Its calls may block; they run in a thread, several at a time."""

    def encrypt(self, key_id: str, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        """Encrypt up to 64 bytes; the context is authenticated, not kept."""

    def decrypt(self, key_id: str, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """What was encrypted under this key with this context.

        Raises:
            ValueError: it was not: another key or context, or altered. Anything else raised means that the
                service cannot be used now.
        """


class KmsWrapper:
    """One key of a key service.

    Args:
        client: of the service.
        service: what the client is called in settings and sentences.
        key_id: the key's name at the service.
    """

    def __init__(self, client: KmsClient, *, service: str, key_id: str) -> None:
        self.name = f"kms:{service}/{key_id}"
        self._client, self._key_id = client, key_id

    async def wrap(self, secret: bytes, context: BoxContext) -> bytes:
        """The service's box; see `KeyWrapper`."""
        try:
            return await asyncio.to_thread(self._client.encrypt, self._key_id, secret, context.fields)
        except Exception as error:  # whatever a service's library raises
            raise self._unusable(error) from error

    async def unwrap(self, box: bytes, context: BoxContext) -> bytes:
        """The secret of a box; see `KeyWrapper`."""
        try:
            return await asyncio.to_thread(self._client.decrypt, self._key_id, box, context.fields)
        except ValueError:
            raise cannot_open() from None
        except Exception as error:  # as above
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> UnavailableError:
        message = f"The card key {self.name} cannot be used: {str(error) or type(error).__name__}."
        return UnavailableError(message)


def open_kms(service: str, key_id: str) -> KmsWrapper:
    """A key of the key service whose client an installed distribution offers.

    Raises:
        UnavailableError: none offers this one, or its client cannot be made.
    """
    found = entry_points(group=GROUP, name=service)
    if not found:
        message = f"No installed package offers the key service {service} (entry point {GROUP})."
        raise UnavailableError(message)
    try:
        client = next(iter(found)).load()()
    except Exception as error:
        message = f"The client of the key service {service} cannot be made: {error or type(error).__name__}."
        raise UnavailableError(message) from error
    return KmsWrapper(client, service=service, key_id=key_id)
