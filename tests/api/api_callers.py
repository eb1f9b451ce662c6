"""Clients of the API, each from a loopback address of its own, so that none is slowed down for another."""

from collections.abc import Callable
from itertools import count

import httpx
from callers import client
from stage import Stage

_addresses = count(2)
Enter = Callable[[str], httpx.Client]


def caller(stage: Stage, headers: dict[str, str]) -> httpx.Client:
    """A client from a loopback address of its own, so that none floods another's."""
    return client(stage, headers, f"127.0.1.{next(_addresses) % 250 + 1}")
