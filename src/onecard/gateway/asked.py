"""What the bus server asks about a connection, and what it is told."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from onecard.base.status import Status


class ServerId(Struct):
    """The server that asks."""

    id: str


class ClientInfo(Struct):
    """What the server knows of the connection: its number, its kind, what it was given to sign."""

    id: int = 0
    type: str = ""
    mqtt_id: str = ""
    nonce: str = ""


class ConnectOptions(Struct):
    """What the connection says of itself; nothing of it is proven yet."""

    user: str = ""
    password: str = msgspec.field(default="", name="pass")
    nkey: str = ""
    signature: str = msgspec.field(default="", name="sig")
    purpose: str = msgspec.field(default="", name="auth_token")
    name: str = ""


class Asked(Struct):
    """One question."""

    server_id: ServerId
    user_nkey: str
    client_info: ClientInfo
    connect_opts: ConnectOptions


@dataclass(frozen=True, slots=True)
class Rights:
    """Under which name somebody is let in, and the subjects that are open to him, as the bus spells them."""

    user: str
    permissions: dict[str, Any]


Decision: TypeAlias = tuple[Rights | None, Status]


def only(*, publish: list[str], subscribe: list[str]) -> dict[str, Any]:
    """These subjects and no others."""
    return {"pub": {"allow": publish}, "sub": {"allow": subscribe}}
