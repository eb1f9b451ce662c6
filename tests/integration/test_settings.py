"""Settings: what is malformed stops the start by name."""

import pytest

from onecard.base.errors import SettingError
from onecard.base.settings import Settings, load_settings

EXTERNAL = {
    "DATABASE_URL": "postgresql://onecard_app@db/onecard",
    "ONECARD_DATABASE_OWNER_URL": "postgresql://onecard_owner@db/onecard",
    "ONECARD_DATABASE_ENGINE_URL": "postgresql://onecard_engine@db/onecard",
    "NATS_URL": "nats://user:word@bus:4222",
    "ONECARD_NATS_ISSUER_SEED": "SA" + "B" * 56,
    "ONECARD_NATS_SYSTEM_URL": "nats://sys:word@bus:4222",
}
MALFORMED = [
    ("DATABASE_URL", "mysql://db/onecard"),
    ("DATABASE_URL", ""),
    ("ONECARD_DATABASE_OWNER_URL", "db"),
    ("ONECARD_DATABASE_ENGINE_URL", "sqlite:///x"),
    ("ONECARD_DATABASE_POOL", "1"),
    ("ONECARD_DATABASE_POOL", "201"),
    ("ONECARD_DATABASE_POOL", "eight"),
    ("NATS_URL", "http://bus"),
    ("ONECARD_NATS_ISSUER_SEED", "secret"),
    ("ONECARD_NATS_SYSTEM_URL", "bus"),
    ("ONECARD_MQTT_PORT", "0"),
    ("ONECARD_MQTT_PORT", "65536"),
    ("ONECARD_MQTT_PORT", "1883.5"),
    ("ONECARD_BUS_PORT", "65536"),
    ("ONECARD_WEB_PORT", "0"),
    ("ONECARD_WEB_URL", "console.example"),
    ("ONECARD_LOG_LEVEL", "loud"),
    ("ONECARD_LEASE_MS", "299"),
    ("ONECARD_LEASE_MS", "2501"),
]


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, field in Settings.model_fields.items():
        monkeypatch.delenv(str(field.validation_alias or f"ONECARD_{name.upper()}"), raising=False)


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings()
    assert settings.database_url is None
    assert settings.mqtt_port == 1883


def test_external_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in EXTERNAL.items():
        monkeypatch.setenv(name, value)
    assert load_settings().database_url == EXTERNAL["DATABASE_URL"]


@pytest.mark.parametrize(("name", "value"), MALFORMED)
def test_a_malformed_one_stops_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=rf"^{name} is not usable: [^\n]+\.$"):
        load_settings()


@pytest.mark.parametrize("missing", [name for name in EXTERNAL if name not in {"DATABASE_URL", "NATS_URL"}])
def test_what_belongs_together_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name in EXTERNAL.keys() - {missing}:
        monkeypatch.setenv(name, EXTERNAL[name])
    with pytest.raises(SettingError, match=rf"^{missing} is missing: "):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [("ONECARD_NATS_ISSUER_SEED", "SA-hidden"), ("DATABASE_URL", "mysql://u:hidden@db/x")],
)
def test_secrets_are_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as refused:
        load_settings()
    assert "hidden" not in str(refused.value)


def test_every_kind_of_setting_is_shown_to_be_refused() -> None:
    checked = {name for name, _ in MALFORMED}
    free_form = {"ONECARD_DATA_DIR", "ONECARD_MQTT_HOST", "ONECARD_DATA_KEY", "ONECARD_DESK_PASSWORD"}
    # where the card key is, is asked when the key is needed; tests/cards/test_wrapping.py
    free_form |= {f"ONECARD_CARD_KEY{more}" for more in ("", "_IN", "_MODULE", "_PIN")}
    # used when the console begins to listen; a file that is no certificate is told then
    free_form |= {f"ONECARD_WEB_{more}" for more in ("HOST", "PROXIES", "CERTIFICATE", "KEY")}
    names = {str(f.validation_alias or f"ONECARD_{n.upper()}") for n, f in Settings.model_fields.items()}
    assert names - checked == free_form
