"""The server's sockets: nothing waits that could be sent."""

import asyncio
import socket

from onecard.web.server import Listen, serving_socket


async def test_an_answer_in_two_parts_does_not_wait_for_the_first_to_be_acknowledged() -> None:
    door = serving_socket(Listen())
    met: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        met.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with await asyncio.start_server(answer, sock=door):
        _, writer = await asyncio.open_connection(*door.getsockname())
        assert await met
        writer.close()
