"""A hardware module's key, played by SoftHSM."""

import os
import subprocess
from pathlib import Path

import pytest

from onecard.base.errors import UnavailableError
from onecard.cards.keys import Masters
from onecard.cards.pkcs11_wrapper import Pkcs11Wrapper
from onecard.cards.wrapping import unwrap_masters, wrap_masters

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
MASTERS = Masters(field=b"a" * 16, issuer=b"b" * 16, mac=b"c" * 16)
pytestmark = pytest.mark.skipif(not MODULE.exists(), reason="the Debian package softhsm2 is not installed")


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A fresh token; the module reads its configuration once in a process."""
    directory = tmp_path_factory.mktemp("softhsm")
    configuration = directory / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {directory}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    command = "softhsm2-util --init-token --free --label cards --pin 1234 --so-pin 5678"
    subprocess.run(command.split(), check=True, capture_output=True)
    Pkcs11Wrapper(module=MODULE, token="cards", label="kek", pin="1234").make_key()
    return "cards"


async def test_masters_are_wrapped_inside_the_module(token: str) -> None:
    wrapper = Pkcs11Wrapper(module=MODULE, token=token, label="kek", pin="1234")
    box = await wrap_masters(wrapper, MASTERS, tenant_id=1, version=1)
    assert MASTERS.mac not in box
    opened = await unwrap_masters(wrapper, box, tenant_id=1, version=1)
    assert (opened.field, opened.mac) == (MASTERS.field, MASTERS.mac)
    for other, tenant_id in ((box, 2), (box[:-1] + bytes([box[-1] ^ 1]), 1), (b"", 1)):
        with pytest.raises(UnavailableError, match="cannot be opened"):
            await unwrap_masters(wrapper, other, tenant_id=tenant_id, version=1)


@pytest.mark.parametrize(
    ("label", "pin", "reason"),
    [("none", "1234", "No key matching"), ("kek", "0000", "PinIncorrect")],
)
async def test_an_unusable_key_is_told_in_a_sentence(token: str, label: str, pin: str, reason: str) -> None:
    wrapper = Pkcs11Wrapper(module=MODULE, token=token, label=label, pin=pin)
    with pytest.raises(
        UnavailableError, match=rf"The card key pkcs11:cards/{label} cannot be used: .*{reason}"
    ):
        await wrapper.wrap(b"secret", b"here")
