"""The server drives a card through the agent."""

import asyncio
from datetime import UTC, datetime

import pytest
from workplace import DATA, DESK, OTHER_UID, TENANT, UID, Desk, Server, card_on, script, until, write_block_4

from onecard.agent.protocol import CardEvent, Printed
from onecard.agent.receipts import Line, Printer, Receipt
from onecard.cards.keys import KeyType
from onecard.cards.reader import ReaderError, Trouble
from onecard.cards.steps import Authenticate, CheckUid, Dialect, Exchange, Read
from onecard.cards.virtual.dumps import read_dump
from onecard.gateway import agents
from onecard.gateway.agents import AgentReader, FailureLimit

RECEIPT = Receipt(
    language="zh-CN",
    institution="青松学校",
    title="充值",
    number="T-1",
    at=datetime(2026, 9, 1, 8, tzinfo=UTC),
    operator="1",
    lines=[Line("姓名", "张三")],
)


async def test_a_card_is_seen_written_and_taken_away(server: Server, desk: Desk) -> None:
    reader = server.reader()
    assert await reader.present() is None
    dump = desk.insert()
    presence = await card_on(reader)
    assert (presence.uid, presence.dialect) == (UID, Dialect.ACS)
    assert (await card_on(reader)).session == presence.session
    ran = await reader.run(presence.session, write_block_4())
    assert ran.complete
    assert ran.answers[-1] == DATA + b"\x90\x00"
    assert read_dump(dump)[64:80] == DATA
    desk.on_reader.remove()
    assert await reader.present() is None
    assert (await reader.run(presence.session, write_block_4())).trouble is Trouble.STALE


async def test_a_script_for_an_insertion_that_ended_is_not_run(server: Server, desk: Desk) -> None:
    reader = server.reader()
    desk.insert()
    first = await card_on(reader)
    other = desk.insert(OTHER_UID)
    ran = await reader.run(first.session, write_block_4())
    assert (ran.answers, ran.trouble) in [((), Trouble.STALE), ((), Trouble.PULLED)]
    assert read_dump(other)[64:80] == bytes(16)
    assert (await card_on(reader)).uid == OTHER_UID


async def test_only_storage_card_commands_pass(server: Server, desk: Desk) -> None:
    desk.insert()
    reader = server.reader()
    session = (await card_on(reader)).session
    for apdu in ("FF00400004", "00A4040000", "FFD700050500 00000001"):
        commands = [*script(CheckUid(UID)), Exchange(bytes.fromhex(apdu))]
        ran = await reader.run(session, commands)
        assert (ran.answers, ran.trouble) == ((), Trouble.REFUSED), apdu
    assert (await reader.run(session, write_block_4())).complete


async def test_a_wrong_answer_ends_a_script_and_not_the_session(server: Server, desk: Desk) -> None:
    desk.insert()
    reader = server.reader()
    session = (await card_on(reader)).session
    ran = await reader.run(session, write_block_4(key=bytes(6)))
    assert (len(ran.answers), ran.trouble) == (2, Trouble.MISMATCH)
    steps = script(Authenticate(1, KeyType.A, b"\xff" * 6), Read(4))
    assert (await reader.run(session, steps)).complete


async def test_an_absent_agent_is_an_answer(server: Server, new_desk: Desk) -> None:
    await new_desk.enrol(await server.new_desk())
    reader = server.reader()
    with pytest.raises(ReaderError) as caught:
        await reader.present()
    assert caught.value.trouble is Trouble.NO_ANSWER
    assert (await reader.run("s", write_block_4())).trouble is Trouble.NO_ANSWER
    await reader.signal(good=True)
    assert not (await reader.print_receipt(RECEIPT)).ok


async def test_receipts_are_printed_at_the_desk(server: Server, new_desk: Desk) -> None:
    paper = new_desk.directory / "paper"
    await new_desk.enrol(await server.new_desk())
    await new_desk.start()
    printed = await server.reader().print_receipt(RECEIPT)
    assert not printed.ok
    assert "小票打印机" in printed.sentence
    await new_desk.stop()
    paper.touch()
    new_desk.home.set_printer(Printer(where=f"file:{paper}"))
    await new_desk.start()
    assert (await server.reader().print_receipt(RECEIPT)) == Printed(ok=True)
    assert "张三".encode("gb18030") in paper.read_bytes()


async def test_a_named_reader_that_does_not_exist(server: Server, desk: Desk) -> None:
    reader = AgentReader(server.bus, TENANT, DESK, "ACS ACR122U")
    with pytest.raises(ReaderError) as caught:
        await reader.present()
    assert caught.value.trouble is Trouble.NO_READER
    assert (await reader.run("s", write_block_4())).trouble is Trouble.NO_READER


async def test_a_script_that_comes_too_late_is_not_begun(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = desk.insert()
    reader = server.reader()
    session = (await card_on(reader)).session
    monkeypatch.setattr(agents, "BEGIN_S", -0.1)
    assert (await reader.run(session, write_block_4())).trouble is Trouble.STALE
    assert read_dump(dump)[64:80] == bytes(16)


async def test_events_tell_of_cards(server: Server, desk: Desk) -> None:
    heard: list[CardEvent] = []

    async def hear(event: CardEvent) -> None:
        heard.append(event)

    await server.reader().watch(hear)
    desk.insert()
    await until(lambda: heard and heard[-1].card)
    assert heard[-1].card is not None
    assert heard[-1].card.uid == UID
    presence = await card_on(server.reader())
    assert presence.session == heard[-1].card.session
    desk.on_reader.remove()
    await until(lambda: heard[-1].card is None)


async def test_guessing_keys_ends_soon(server: Server, desk: Desk) -> None:
    desk.insert()
    limit = FailureLimit(per_card=3)
    reader = AgentReader(server.bus, TENANT, DESK, limit=limit)
    session = (await card_on(reader)).session
    guesses = [(await reader.run(session, write_block_4(key=bytes([n] * 6)))).trouble for n in range(5)]
    assert guesses == [Trouble.MISMATCH] * 3 + [Trouble.REFUSED] * 2
    desk.insert(OTHER_UID)
    other = await card_on(reader)
    assert (await reader.run(other.session, write_block_4())).complete
    limit._window_s = 0.0  # as if it had passed
    desk.insert(UID)
    again = await card_on(reader)
    assert (await reader.run(again.session, write_block_4())).complete


async def test_scripts_of_one_reader_wait_for_each_other(server: Server, desk: Desk) -> None:
    desk.insert()
    reader = server.reader()
    session = (await card_on(reader)).session
    ran = await asyncio.gather(*(reader.run(session, write_block_4(data=bytes([n] * 16))) for n in range(20)))
    assert all(each.complete for each in ran)
