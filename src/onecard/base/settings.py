"""Settings from the environment, typed, checked at the start; docs/reference/settings.md is made here."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from onecard.base.errors import SettingError

Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """All settings of every process, named `ONECARD_` + name in the environment unless they have an alias."""

    model_config = SettingsConfigDict(env_prefix="ONECARD_", extra="forbid", frozen=True)

    data_dir: Path = Field(Path("data"), description="Directory of the embedded servers, keys and files.")
    database_url: str | None = Field(
        None,
        validation_alias="DATABASE_URL",
        pattern=r"^postgres(ql)?://",
        description="PostgreSQL 18 login of the application role. Unset: the embedded server.",
    )
    database_owner_url: str | None = Field(
        None,
        pattern=r"^postgres(ql)?://",
        description="Login of the schema's owner; only migrations use it. Required with DATABASE_URL.",
    )
    database_engine_url: str | None = Field(
        None,
        pattern=r"^postgres(ql)?://",
        description="Login of the ledger's writer. Required with DATABASE_URL.",
    )
    database_pool: int = Field(8, ge=2, le=200, description="Connections of one process to the database.")
    nats_url: str | None = Field(
        None,
        validation_alias="NATS_URL",
        pattern=r"^(nats|tls)://",
        description="Bus server with account and password of the product. Unset: the embedded server.",
    )
    nats_issuer_seed: str | None = Field(
        None,
        pattern=r"^SA[A-Z2-7]+$",
        description="Account seed that signs device sessions. Required with NATS_URL.",
    )
    nats_system_url: str | None = Field(
        None,
        pattern=r"^(nats|tls)://",
        description="Login of the bus's system account, to disconnect terminals. Required with NATS_URL.",
    )
    mqtt_host: str = Field(
        "127.0.0.1", description="Address the embedded bus listens on for terminals (MQTT)."
    )
    mqtt_port: Port = Field(
        1883, description="Port for terminals; another free one is taken when it is in use."
    )
    bus_port: Port = Field(
        4222,
        description="Port of the embedded bus for desk agents and processes of this machine, on loopback"
        " only; another free one is taken when it is in use.",
    )
    web_host: str = Field(
        "127.0.0.1",
        description="Address the console listens on. Browsers sign in over TLS only, except on this"
        " computer.",
    )
    web_port: Port = Field(
        8000, description="Port of the console; the next free one is taken when it is in use."
    )
    web_certificate: Path | None = Field(None, description="PEM file with the console's certificate chain.")
    web_key: Path | None = Field(None, description="PEM file with the private key of the certificate.")
    web_url: str = Field(
        "",
        pattern=r"^(https?://[^/]+)?$",
        description="How browsers reach the console, if not at the address it listens on, e.g. by a proxy.",
    )
    web_proxies: str = Field(
        "",
        description="Addresses, separated by commas, whose `X-Forwarded-For` and `-Proto` are believed.",
    )
    data_key: Path | None = Field(
        None,
        description="File of the key that personal data is encrypted with. Unset: keys/data.key in the data"
        " directory, made when it is first needed.",
    )
    card_key: Path | None = Field(
        None,
        description="File of the key that wraps the masters of card keys. Unset: keys/card.key in the data"
        " directory, made when it is first needed.",
    )
    card_key_in: str = Field(
        "file",
        pattern=r"^(file|file:.+|pkcs11:[^/]+/.+|kms:[^/]+/.+)$",
        description="Where the key that wraps the masters is: `file`, `pkcs11:TOKEN/LABEL` (hardware module,"
        " extra `hsm`) or `kms:CLIENT/KEY` (key service).",
    )
    card_key_module: Path | None = Field(
        None, description="Library of the hardware module's maker. Required with a card key in `pkcs11:`."
    )
    card_key_pin: Path | None = Field(
        None, description="File with the PIN of the token's user. Required with a card key in `pkcs11:`."
    )
    desk_password: SecretStr | None = Field(
        None,
        description="Operator password that desks ask for before they cancel an account, repair, decide or"
        " reissue. Unset: these are refused.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    lease_ms: int = Field(
        1500,
        ge=300,
        le=2500,
        description="Life of the ledger writer's lease; another process takes over after it.",
    )


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingError: a value is malformed; the sentence starts with the variable's name.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        variable = name if name.isupper() else f"ONECARD_{name.upper()}"
        # logins and seeds are secrets, which must not reach a log
        shown = "" if variable.endswith(("_URL", "_SEED")) else f" (it is {first['input']!r})"
        message = f"{variable} is not usable: {first['msg']}{shown}."
        raise SettingError(message) from None
    if settings.database_url and not (settings.database_owner_url and settings.database_engine_url):
        missing = "OWNER" if not settings.database_owner_url else "ENGINE"
        message = (
            f"ONECARD_DATABASE_{missing}_URL is missing: DATABASE_URL names only the application's login."
        )
        raise SettingError(message)
    if settings.nats_url and not (settings.nats_issuer_seed and settings.nats_system_url):
        missing = "ISSUER_SEED" if not settings.nats_issuer_seed else "SYSTEM_URL"
        message = (
            f"ONECARD_NATS_{missing} is missing: NATS_URL alone cannot let terminals in and keep them out."
        )
        raise SettingError(message)
    return settings
