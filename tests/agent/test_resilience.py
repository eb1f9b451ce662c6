"""What the agent lives through: a server that comes back, a reader unplugged, a computer that slept."""

import logging
import threading
import time

import pytest
from workplace import BLANK, DATA, UID, Desk, Server, card_on, script, until, write_block_4

from onecard.agent.protocol import CardEvent, Command
from onecard.agent.station import UNWATCHED_S, Station, clock_ms
from onecard.agent.virtual import READER, CardOnReader, FileSlot, VirtualSource
from onecard.base.natsserver import EmbeddedNats
from onecard.cards.keys import KeyType
from onecard.cards.reader import ReaderError, Trouble
from onecard.cards.steps import Authenticate, Dialect, Exchange, Write


class Plug(VirtualSource):
    """The virtual reader on a cable that can be pulled."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.home.virtual)
        self.plugged = True
        self._changed = threading.Event()

    def set(self, *, plugged: bool) -> None:
        self.plugged = plugged
        self._changed.set()

    def readers(self) -> tuple[str, ...]:
        return super().readers() if self.plugged else ()

    def wait(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not self._changed.is_set():
            if super().wait(0.05):
                break
        self._changed.clear()
        return True


async def test_a_restart_of_the_server_is_survived(
    server: Server, desk: Desk, bus_server: EmbeddedNats
) -> None:
    dump = desk.insert()
    reader = server.reader()
    session = (await card_on(reader)).session
    bus_server.stop()
    await until(lambda: not desk.connected)
    assert (await reader.run(session, write_block_4())).trouble is Trouble.NO_ANSWER
    bus_server.start()
    await until(lambda: desk.connected)
    await until(lambda: server.bus.connected)
    assert (await card_on(reader)).session == session, "the card has not moved"
    assert DATA not in dump.read_bytes(), "what was given up is not done later"
    assert (await reader.run(session, write_block_4())).complete
    assert any("NOT connected" in line for line in desk.said)


async def test_a_reader_is_unplugged_and_plugged_in_again(server: Server, new_desk: Desk) -> None:
    plug = Plug(new_desk)
    await new_desk.enrol(await server.new_desk())
    new_desk.insert()
    await new_desk.start(plug)
    reader = server.reader()
    before = await card_on(reader)
    plug.set(plugged=False)
    await until(lambda: "no reader" in new_desk.said[-1])
    with pytest.raises(ReaderError) as caught:
        await reader.present()
    assert caught.value.trouble is Trouble.NO_READER
    plug.set(plugged=True)
    await until(lambda: f"{READER}: card" in new_desk.said[-1])
    after = await card_on(reader)
    assert after.session != before.session
    assert (await reader.run(before.session, write_block_4())).trouble is Trouble.STALE
    assert (await reader.run(after.session, write_block_4())).complete


async def test_an_insertion_does_not_outlive_a_sleep(new_desk: Desk) -> None:
    new_desk.insert()
    clock = [1000.0]
    events: list[CardEvent] = []
    station = Station(FileSlot(new_desk.on_reader, Dialect.ACS), events.append, lambda: clock[0])
    before = (await station.present()).card
    clock[0] += UNWATCHED_S - 1
    awake = (await station.present()).card
    assert before is not None
    assert awake == before
    clock[0] += 3600
    outcome = await station.run(before.session, clock_ms() + 1000, [Command(bytes.fromhex("FFCA000000"))])
    assert (outcome.answers, outcome.trouble) == ([], Trouble.STALE)
    after = (await station.present()).card
    assert after is not None
    assert after.session != before.session
    await station.close()


async def test_a_card_pulled_in_the_middle_is_told(server: Server, desk: Desk) -> None:
    class Pulling(FileSlot):
        def transmit(self, command: bytes) -> bytes:
            if command[1] == 0xD6:
                desk.on_reader.remove()
            return super().transmit(command)

    desk.insert()
    station = Station(Pulling(desk.on_reader, Dialect.ACS), lambda _: None)
    card = (await station.present()).card
    assert card is not None
    commands = [Command(each.apdu, each.expect, each.secret) for each in write_block_4()]
    outcome = await station.run(card.session, clock_ms() + 1000, commands)
    assert (len(outcome.answers), outcome.trouble) == (2, Trouble.PULLED)
    assert (await station.present()).card is None
    await station.close()


async def test_no_byte_of_a_key_is_in_any_log(
    server: Server, desk: Desk, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    key, other = bytes.fromhex("A1B2C3D4E5F6"), bytes.fromhex("5A4B3C2D1E0F")
    trailer = key + bytes.fromhex("FF078069") + other
    desk.insert()
    reader = server.reader()
    session = (await card_on(reader)).session
    steps = script(Authenticate(1, KeyType.A, BLANK), Write(7, trailer), Authenticate(1, KeyType.A, key))
    assert (await reader.run(session, steps)).complete
    assert (await reader.run(session, script(Authenticate(1, KeyType.A, other)))).trouble is Trouble.MISMATCH
    assert (await reader.run(session, [Exchange(b"\x00" + key)])).trouble is Trouble.REFUSED
    logged = caplog.text + "".join(capfd.readouterr()) + "".join(desk.said)
    assert "82 86" in logged, "the scripts are logged, without their data"
    seed = desk.home.key().seed
    for secret in (key.hex(), other.hex(), str(key), str(other), seed, repr(bytes(desk.home.key().key))):
        assert secret.lower() not in logged.lower()


async def test_a_dump_that_cannot_be_read_is_no_card(desk: Desk, server: Server) -> None:
    desk.insert().write_bytes(b"short")
    CardOnReader(desk.home.virtual).insert(desk.new_card())
    assert (await card_on(server.reader())).uid == UID
    path = desk.directory / "damaged.bin"
    path.write_bytes(b"short")
    (desk.home.virtual / "on-reader").write_text(str(path))
    assert await server.reader().present() is None
