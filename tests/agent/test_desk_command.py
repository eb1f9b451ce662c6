"""`onecard desk --reader workstation:…`: a command's script goes over the bus to the agent and back."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from desk_shell import ONECARD
from workplace import DESK, TENANT, UID, Desk, Server

from onecard.base.db import SYSTEM
from onecard.base.embedded import Logins
from onecard.base.settings import Settings
from onecard.cards import setup
from onecard.cards.technology import CardFormat, Mode
from onecard.cards.wrapping import open_wrapper


async def _read(server: Server, urls: Logins, directory: Path, reader: str) -> dict[str, Any]:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": urls.application,
        "ONECARD_DATABASE_OWNER_URL": urls.owner,
        "ONECARD_DATABASE_ENGINE_URL": urls.engine,
        "NATS_URL": server.address.url,
        "ONECARD_NATS_SYSTEM_URL": server.address.system_url,
        "ONECARD_NATS_ISSUER_SEED": server.address.issuer_seed,
        "ONECARD_DATA_DIR": str(directory / "data"),
    }
    words = ("desk", "read", "--tenant", TENANT, "--lang", "en", "--json", "--reader", reader)
    process = await asyncio.create_subprocess_exec(
        ONECARD, *words, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, said = await process.communicate()
    assert printed, said.decode()
    found: dict[str, Any] = json.loads(printed)
    return found


async def test_a_card_at_a_workstation_is_read(
    server: Server, desk: Desk, urls: Logins, tmp_path: Path
) -> None:
    wrapper = open_wrapper(Settings(data_dir=tmp_path / "data"))
    async with server.db.tenant_tx(server.tenant_id, SYSTEM) as tx:
        await setup.set_card_format(tx, CardFormat(technology="classic", mode=Mode.STORED))
        await setup.create_keys(tx, wrapper, pin="4821")
    nothing = await _read(server, urls, tmp_path, f"workstation:{DESK}")
    assert (nothing["ok"], nothing["code"]) == (False, "no_card")
    desk.insert()
    found = await _read(server, urls, tmp_path, f"workstation:{DESK}")
    assert (found["uid"], found["on_card"]["blank"]) == (UID.hex().upper(), True)
    stranger = await _read(server, urls, tmp_path, "workstation:elsewhere")
    assert stranger["code"] == "no_answer"
