"""A file somebody downloads: whole for who waits, closed when nobody does."""

import asyncio
from io import BytesIO

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Scope

from onecard.web.kit.download import FileAnswer

CONTENT = b"0123456789abcdef" * 50_000
# uvicorn says 2.3: there a task of the answer listens for the end of the connection
SCOPES: list[Scope] = [{"type": "http", "asgi": {"spec_version": each}} for each in ("2.3", "2.4")]


def written() -> BytesIO:
    file = BytesIO()
    file.write(CONTENT)
    return file


async def gone() -> Message:
    return {"type": "http.disconnect"}


async def test_whoever_waits_gets_all_of_it() -> None:
    file, sent = written(), list[Message]()

    async def send(message: Message) -> None:
        sent.append(message)

    answer = FileAnswer(file, "名册 2026.xlsx", "application/x-test")
    await answer(SCOPES[1], gone, send)
    assert b"".join(message.get("body", b"") for message in sent) == CONTENT
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert (
        answer.headers["content-disposition"] == "attachment; filename*=utf-8''%E5%90%8D%E5%86%8C%202026.xlsx"
    )
    assert file.closed


async def test_whoever_left_before_it_began_leaves_no_file_open() -> None:
    file = written()

    async def send(_message: Message) -> None:
        return

    await FileAnswer(file, "a", "application/x-test")(SCOPES[0], gone, send)
    assert file.closed


@pytest.mark.parametrize("scope", SCOPES, ids=["2.3", "2.4"])
@pytest.mark.parametrize("piece", [0, 1, 2])
async def test_a_connection_that_breaks_leaves_no_file_open(scope: Scope, piece: int) -> None:
    file, sent = written(), list[Message]()

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        if len(sent) == piece:
            raise BrokenPipeError
        sent.append(message)

    with pytest.raises((BrokenPipeError, ClientDisconnect)):
        await FileAnswer(file, "a", "application/x-test")(scope, never, send)
    assert file.closed
