"""Clients of a console over HTTP."""

import ssl
from typing import Any

import httpx
from stage import PASSWORD, Stage

# Nothing is encrypted here; to load the authorities a system trusts would take each client 70 ms
UNENCRYPTED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def client(stage: Stage, headers: dict[str, str] | None = None, address: str = "127.0.0.1") -> httpx.Client:
    """A client from a loopback address."""
    return httpx.Client(base_url=stage.url, headers=headers, timeout=30, transport=door(address))


def door(address: str, **more: Any) -> httpx.HTTPTransport:
    """The way from an address to any console."""
    return httpx.HTTPTransport(local_address=address, verify=UNENCRYPTED, **more)


def signed_in(stage: Stage, who: str) -> dict[str, str]:
    """The headers of a browser in which somebody of the cast has signed in."""
    with client(stage) as nobody:
        answer = nobody.post("/sign-in", data={"account": stage.accounts[who], "password": PASSWORD})
    # cookies of a host are for encrypted connections; this is the same computer
    cookies = "; ".join(f"{each.name}={each.value}" for each in answer.cookies.jar)
    return {"cookie": cookies, "origin": stage.url}
