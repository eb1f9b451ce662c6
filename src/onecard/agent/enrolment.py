"""How an agent becomes a workstation's: it shows a one-time code and proves its own new key."""

import asyncio

from onecard import __version__
from onecard.agent import protocol
from onecard.agent.address import check_server, encryption
from onecard.agent.home import Configuration, Home
from onecard.agent.protocol import Join, Joined
from onecard.base.bus import Bus, SignIn, sign_in
from onecard.base.errors import OneCardError, UnavailableError
from onecard.base.nkeys import UserKey

_ANSWER_S = 10.0
_AGAIN_S = 1.2  # the server answers a key once a second
_TRIES = 3
_SENTENCES = {
    "wrong": "The server does not know this code; look at every letter. Five mistakes end a code.",
    "expired": "This code is too old; ask for a new one.",
    "used": "This code was used already; ask for a new one.",
    "busy": "The server cannot answer right now; try again with the same code.",
}


async def enrol(home: Home, *, server: str, code: str, ca_file: str | None, tls_first: bool) -> Configuration:
    """Become the workstation a code was made for, in place of what this agent was before.

    Raises:
        OneCardError: the address may not be used, or the server refuses the code.
        UnavailableError: the server cannot be reached, or the files cannot be written.
    """
    check_server(server)
    key = home.candidate_key()
    login = SignIn(key, protocol.JOIN, f"onecard-agent {__version__}", encryption(server, ca_file), tls_first)
    bus = await sign_in(server, login, _nothing)
    try:
        joined = await _ask(bus, key, Join(code, __version__))
    finally:
        await bus.close()
    if joined.result != "done":
        raise OneCardError(_SENTENCES.get(joined.result, f"The server says: {joined.result}."))
    configuration = Configuration(
        server, joined.tenant, joined.workstation, joined.name, ca_file=ca_file, tls_first=tls_first
    )
    home.enrolled(configuration)
    return configuration


async def _ask(bus: Bus, key: UserKey, join: Join) -> Joined:
    answers: asyncio.Queue[Joined] = asyncio.Queue()
    subject = protocol.join_subject(key.public)

    async def hear(_: str, payload: bytes) -> None:
        joined = protocol.decode(Joined, payload)
        if joined is not None:
            answers.put_nowait(joined)

    await bus.subscribe(f"{subject}.dn", hear)
    joined = Joined("busy")
    for _ in range(_TRIES):
        await bus.publish(subject, protocol.encode(join))
        try:
            joined = await asyncio.wait_for(answers.get(), _ANSWER_S)
        except TimeoutError:
            message = "The server does not answer; is it running?"
            raise UnavailableError(message) from None
        if joined.result != "busy":
            break
        await asyncio.sleep(_AGAIN_S)
    return joined


async def _nothing() -> None:
    """The connection's end is seen where it is used."""
