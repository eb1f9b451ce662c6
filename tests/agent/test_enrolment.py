"""How an agent becomes a workstation's, and who else tries to."""

import os

import pytest
from workplace import DESK, TENANT, Desk, Server, card_on, signed_in, until, write_block_4

from onecard.agent import protocol
from onecard.agent.protocol import Join, Joined
from onecard.base.db import SYSTEM
from onecard.base.errors import ConflictError, NotFoundError, OneCardError, UnavailableError
from onecard.base.nkeys import UserKey
from onecard.devices.workstations import service as workstations
from onecard.gateway import agents_talk
from onecard.tenants import service as tenants

WRONG = "does not know this code"


async def expire(server: Server) -> None:
    async with server.db.tenant_tx(server.tenant_id, SYSTEM) as tx:
        await tx.connection.execute("update devices.workstation set code_ends = now() - interval '1 second'")


async def test_a_code_makes_an_agent_a_workstation_s(server: Server, desk: Desk) -> None:
    configuration = desk.home.configuration()
    assert (configuration.tenant, configuration.workstation, configuration.name) == (TENANT, DESK, "充值窗口")
    shown = await server.desk()
    assert (shown.state, shown.code_ends, shown.rivalled_at) == ("enrolled", None, None)
    desk.insert()
    reader = server.reader()
    assert (await reader.run((await card_on(reader)).session, write_block_4())).complete


async def test_its_presence_is_known(server: Server, desk: Desk) -> None:
    async def online() -> bool:
        return (await server.desk()).online

    async def offline() -> bool:
        return not await online()

    await until(online)
    assert (await server.desk()).version
    await desk.stop()
    await until(offline)


async def test_a_code_is_used_once(server: Server, new_desk: Desk) -> None:
    code = await server.new_desk()
    await new_desk.enrol(code)
    with pytest.raises(OneCardError, match="used already"):
        await new_desk.enrol(code)
    assert new_desk.home.configuration().workstation == DESK, "what was there is kept"


async def test_a_lost_answer_is_repeated_to_the_same_key(server: Server) -> None:
    code, key = await server.new_desk(), UserKey.generate().public
    for _ in range(2):
        done = await workstations.enrol(server.db, SYSTEM, code=code, public_key=key, version="1")
        assert (done.result, done.token) == ("done", DESK)
    other = UserKey.generate().public
    used = await workstations.enrol(server.db, SYSTEM, code=code, public_key=other, version="1")
    assert (used.result, used.token) == ("used", "")


async def test_an_old_code_is_refused(server: Server, new_desk: Desk) -> None:
    code = await server.new_desk()
    await expire(server)
    with pytest.raises(OneCardError, match="too old"):
        await new_desk.enrol(code)
    with pytest.raises(UnavailableError, match="not enrolled"):
        new_desk.home.configuration()


async def test_five_wrong_codes_end_the_right_one(server: Server, new_desk: Desk) -> None:
    code = await server.new_desk()
    key = UserKey.generate().public
    for number in range(workstations.CODE_TRIES):
        wrong = f"{code[:-8]}{number + 2}2222222"
        tried = await workstations.enrol(server.db, SYSTEM, code=wrong, public_key=key, version="")
        assert tried.result == "wrong"
    with pytest.raises(OneCardError, match=WRONG):
        await new_desk.enrol(code)
    await new_desk.enrol(await server.new_code())


@pytest.mark.parametrize(
    "code", ["", "8672", "8672-1", "0000-1-22222222", "8672-999-22222222", "8672-1-2222222O"]
)
async def test_nonsense_is_no_code(server: Server, new_desk: Desk, code: str) -> None:
    await server.new_desk()
    with pytest.raises(OneCardError, match=WRONG):
        await new_desk.enrol(code)


async def test_one_key_asks_seldom(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    # once a second, which a slow machine may need for three messages
    monkeypatch.setattr(agents_talk, "_JOIN_EVERY_S", 60.0)
    key = UserKey.generate()
    subject = protocol.join_subject(key.public)
    results: list[str] = []

    async def hear(_: str, payload: bytes) -> None:
        joined = protocol.decode(Joined, payload)
        results.append(joined.result if joined else "malformed")

    async with signed_in(server, key, protocol.JOIN) as bus:
        await bus.subscribe(f"{subject}.dn", hear)
        for _ in range(3):
            await bus.publish(subject, protocol.encode(Join("8672-1-22222222")))
        await until(lambda: len(results) == 3)
    assert sorted(results) == ["busy", "busy", "wrong"]


async def test_the_key_file_is_its_owner_s(desk: Desk) -> None:
    path = desk.home.directory / "agent.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert desk.home.directory.stat().st_mode & 0o777 == 0o700
    path.chmod(0o640)
    with pytest.raises(UnavailableError, match="open to other users"):
        desk.home.key()
    os.truncate(path, 3)
    path.chmod(0o600)
    with pytest.raises(UnavailableError, match="missing or damaged"):
        desk.home.key()


async def test_a_revoked_agent_is_off_at_once_and_stays_off(server: Server, desk: Desk) -> None:
    def refused() -> int:
        return server.gateway.counters.snapshot().get("callout.agent.device_disabled", 0)

    await server.revoke()
    await until(lambda: not desk.connected)
    await until(lambda: any("revoked" in line for line in desk.said))
    await until(lambda: refused() > 1)
    assert not desk.connected
    assert (await server.desk()).state == "revoked"


async def test_a_revoked_agent_may_enrol_anew(server: Server, desk: Desk) -> None:
    await server.revoke()
    await until(lambda: not desk.connected)
    await desk.stop()
    await desk.enrol(await server.new_code())
    await desk.start()
    assert (await server.desk()).state == "enrolled"


async def test_a_new_agent_takes_the_place_of_the_old(server: Server, desk: Desk) -> None:
    old = desk.home.key()
    await desk.stop()
    await desk.enrol(await server.new_code())
    await desk.start()
    with pytest.raises(UnavailableError, match="refuses the sign-in"):
        async with signed_in(server, old):
            pass


async def test_a_suspended_tenant_s_desks_are_off(server: Server, desk: Desk) -> None:
    async with server.db.tenant_tx(server.tenant_id, SYSTEM) as tx:
        await tenants.set_suspended(tx, suspended=True)
    await until(lambda: not desk.connected)


async def test_names_and_codes(server: Server) -> None:
    await server.new_desk()
    with pytest.raises(ConflictError):
        await server.new_desk()
    with pytest.raises(OneCardError, match="1 to 32"):
        await server.new_desk("Front desk")
    for attempt in (server.new_code, server.revoke):
        with pytest.raises(NotFoundError):
            await attempt("back")
    async with server.db.tenant_tx(server.tenant_id, SYSTEM) as tx:
        await workstations.rename(tx, DESK, "二号窗口")
    assert (await server.desk()).name == "二号窗口"
