"""Key-encryption keys: one suite for a file, a hardware module played by SoftHSM, and a key service."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from onecard.base.errors import SettingError, UnavailableError
from onecard.base.settings import Settings
from onecard.cards.keys import Masters
from onecard.cards.kms_wrapper import KmsWrapper
from onecard.cards.pkcs11_wrapper import Pkcs11Wrapper
from onecard.cards.wrapping import (
    BoxContext,
    FileWrapper,
    KeyWrapper,
    open_wrapper,
    unwrap_masters,
    wrap_masters,
)

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
MASTERS = Masters(field=b"a" * 16, issuer=b"b" * 16, mac=b"c" * 16)
HERE = BoxContext(tenant_id=7, version=1)


class KeyService:
    """A key service in this process: real ciphers, its own names for keys, and an audit trail."""

    def __init__(self) -> None:
        self._keys = {"kek": AESGCM(bytes(32)), "other": AESGCM(b"\1" * 32)}
        self.trail: list[tuple[str, str, Mapping[str, str]]] = []

    def encrypt(self, key_id: str, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._key("encrypt", key_id, context).encrypt(nonce, plaintext, _flat(context))

    def decrypt(self, key_id: str, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        key = self._key("decrypt", key_id, context)
        try:
            return key.decrypt(ciphertext[:12], ciphertext[12:], _flat(context))
        except InvalidTag:
            message = "ciphertext refused"
            raise ValueError(message) from None

    def _key(self, what: str, key_id: str, context: Mapping[str, str]) -> AESGCM:
        self.trail.append((what, key_id, context))
        return self._keys[key_id]


def _flat(context: Mapping[str, str]) -> bytes:
    return repr(sorted(context.items())).encode()


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A fresh token; the module reads its configuration once in a process."""
    if not MODULE.exists():
        pytest.skip("the Debian package softhsm2 is not installed")
    directory = tmp_path_factory.mktemp("softhsm")
    configuration = directory / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {directory}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    command = "softhsm2-util --init-token --free --label cards --pin 1234 --so-pin 5678"
    subprocess.run(command.split(), check=True, capture_output=True)
    for label in ("kek", "other"):
        Pkcs11Wrapper(module=MODULE, token="cards", label=label, pin="1234").make_key()
    return "cards"


Make = Callable[[str], KeyWrapper]


@pytest.fixture(params=["file", "module", "service"])
def wrapper(request: pytest.FixtureRequest) -> Make:
    """Makes the wrapper of the key called `kek` or `other`, in each of the three places."""
    if request.param == "module":
        token = request.getfixturevalue("token")
        return lambda key: Pkcs11Wrapper(module=MODULE, token=token, label=key, pin="1234")
    if request.param == "service":
        service = KeyService()
        return lambda key: KmsWrapper(service, service="acme", key_id=key)
    return lambda key: FileWrapper({"kek": bytes(32), "other": b"\1" * 32}[key])


async def test_masters_come_back_from_their_own_box_only(wrapper: Make) -> None:
    kek = wrapper("kek")
    box = await wrap_masters(kek, MASTERS, tenant_id=1, version=1)
    opened = await unwrap_masters(kek, box, tenant_id=1, version=1)
    assert (opened.field, opened.issuer, opened.mac) == (b"a" * 16, b"b" * 16, b"c" * 16)
    altered = box[:-1] + bytes([box[-1] ^ 1])
    for other, tenant_id, version in (
        (box, 2, 1),
        (box, 1, 2),
        (altered, 1, 1),
        (box[:9], 1, 1),
        (b"", 1, 1),
    ):
        with pytest.raises(UnavailableError, match="cannot be opened"):
            await unwrap_masters(kek, other, tenant_id=tenant_id, version=version)
    with pytest.raises(UnavailableError, match="cannot be opened"):
        await unwrap_masters(wrapper("other"), box, tenant_id=1, version=1)


async def test_a_box_hides_the_masters_and_is_never_the_same(wrapper: Make) -> None:
    boxes = [await wrap_masters(wrapper("kek"), MASTERS, tenant_id=1, version=1) for _ in range(2)]
    assert boxes[0] != boxes[1]
    assert not any(key in box for box in boxes for key in (MASTERS.field, MASTERS.issuer, MASTERS.mac))


async def test_a_box_of_another_length_holds_no_masters(wrapper: Make) -> None:
    box = await wrapper("kek").wrap(b"too short", HERE)
    with pytest.raises(UnavailableError, match="cannot be opened"):
        await unwrap_masters(wrapper("kek"), box, tenant_id=7, version=1)


@pytest.mark.parametrize(
    ("label", "pin", "reason"),
    [("none", "1234", "No key matching"), ("kek", "0000", "PinIncorrect")],
)
async def test_an_unusable_key_is_told_in_a_sentence(token: str, label: str, pin: str, reason: str) -> None:
    module = Pkcs11Wrapper(module=MODULE, token=token, label=label, pin=pin)
    with pytest.raises(
        UnavailableError, match=rf"The card key pkcs11:cards/{label} cannot be used: .*{reason}"
    ):
        await module.wrap(b"secret", HERE)


async def test_a_key_service_is_told_whose_masters_these_are() -> None:
    service = KeyService()
    box = await wrap_masters(
        KmsWrapper(service, service="acme", key_id="kek"), MASTERS, tenant_id=7, version=3
    )
    fields = {"purpose": "onecard card masters", "tenant": "7", "version": "3"}
    assert service.trail == [("encrypt", "kek", fields)]
    stranger = KmsWrapper(service, service="acme", key_id="none")
    with pytest.raises(UnavailableError, match="The card key kms:acme/none cannot be used: 'none'"):
        await stranger.unwrap(box, HERE)


async def test_an_installed_package_brings_its_key_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "onecard_acme-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: onecard-acme\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[onecard.kms]\nacme = test_wrapping:KeyService\n")
    monkeypatch.syspath_prepend(tmp_path)
    settings = Settings(data_dir=tmp_path, card_key_in="kms:acme/kek")
    kek = open_wrapper(settings)
    assert kek.name == "kms:acme/kek"
    assert await kek.unwrap(await kek.wrap(b"secret", HERE), HERE) == b"secret"
    with pytest.raises(UnavailableError, match="No installed package offers the key service none"):
        open_wrapper(settings, "kms:none/kek")


async def test_the_settings_name_a_hardware_module(token: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, card_key_in="pkcs11:cards/kek", card_key_module=MODULE)
    with pytest.raises(SettingError, match="ONECARD_CARD_KEY_PIN is missing"):
        open_wrapper(settings)
    pin = tmp_path / "pin"
    pin.write_text("1234\n")
    settings = settings.model_copy(update={"card_key_pin": pin})
    pin.chmod(0o644)
    with pytest.raises(UnavailableError, match=r"The PIN file .* is open to other users"):
        open_wrapper(settings)
    pin.chmod(0o600)
    kek = open_wrapper(settings)
    assert kek.name == "pkcs11:cards/kek"
    assert await kek.unwrap(await kek.wrap(b"secret", HERE), HERE) == b"secret"


async def test_the_key_file_is_made_once(tmp_path: Path) -> None:
    box = await open_wrapper(Settings(data_dir=tmp_path)).wrap(b"secret", HERE)
    assert await open_wrapper(Settings(data_dir=tmp_path)).unwrap(box, HERE) == b"secret"
    path = tmp_path / "keys" / "card.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert await open_wrapper(Settings(data_dir=tmp_path), f"file:{path}").unwrap(box, HERE) == b"secret"
    path.chmod(0o644)
    with pytest.raises(UnavailableError, match=r"The card key .* is open to other users"):
        open_wrapper(Settings(data_dir=tmp_path))
    with pytest.raises(UnavailableError, match=r"The card key .* cannot be read"):
        open_wrapper(Settings(data_dir=tmp_path, card_key=tmp_path / "none"))


@pytest.mark.parametrize("place", ["usb:stick", "pkcs11:cards", "kms:", "kms:acme"])
def test_a_place_that_is_none(place: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no place for a card key"):
        open_wrapper(Settings(data_dir=tmp_path), place)
