import stat
from pathlib import Path

import pytest

from onecard.base.errors import UnavailableError
from onecard.base.settings import Settings
from onecard.base.vault import Vault, open_vault

SECRET = "11010519491231002X"


def test_a_box_opens_only_for_its_tenant_and_key() -> None:
    vault = Vault(bytes(32))
    box = vault.seal(1, SECRET)
    assert vault.unseal(1, box) == SECRET
    assert SECRET.encode() not in box
    assert vault.seal(1, SECRET) != box
    for stranger, tenant_id in ((vault, 2), (Vault(b"k" * 32), 1)):
        with pytest.raises(UnavailableError, match="cannot be opened"):
            stranger.unseal(tenant_id, box)


@pytest.mark.parametrize("place", [0, 1, 30, -1])
def test_an_altered_box_is_noticed(place: int) -> None:
    vault = Vault(bytes(32))
    box = bytearray(vault.seal(1, SECRET))
    box[place] ^= 1
    with pytest.raises(UnavailableError):
        vault.unseal(1, bytes(box))


def test_tags_compare_within_a_tenant_only() -> None:
    vault = Vault(bytes(32))
    assert vault.tag(1, SECRET) == vault.tag(1, SECRET)
    assert (
        len(
            {
                vault.tag(1, SECRET),
                vault.tag(2, SECRET),
                vault.tag(1, "other"),
                Vault(b"k" * 32).tag(1, SECRET),
            }
        )
        == 4
    )


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    box = open_vault(settings).seal(1, SECRET)
    key = tmp_path / "keys" / "data.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert [path.name for path in key.parent.iterdir()] == ["data.key"]
    assert open_vault(settings).unseal(1, box) == SECRET
    other = tmp_path / "elsewhere.key"
    key.rename(other)
    assert open_vault(Settings(data_dir=tmp_path, data_key=other)).unseal(1, box) == SECRET


def test_a_bad_key_file_is_a_sentence(tmp_path: Path) -> None:
    key = tmp_path / "a.key"
    settings = Settings(data_dir=tmp_path, data_key=key)
    with pytest.raises(UnavailableError, match="cannot be read: No such file"):
        open_vault(settings)
    key.write_bytes(b"short")
    key.chmod(0o600)
    with pytest.raises(UnavailableError, match="is damaged"):
        open_vault(settings)
    key.chmod(0o640)
    with pytest.raises(UnavailableError, match="open to other users"):
        open_vault(settings)
