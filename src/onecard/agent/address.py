"""Where the server is, and how the way to it is protected."""

import ipaddress
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from onecard.base.errors import OneCardError, UnavailableError


def check_server(url: str) -> None:
    """Whether keys may travel this way: encrypted, or within this computer.

    Raises:
        OneCardError: they may not, or it is no address; a sentence that says what to write.
    """
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"tls", "nats"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known or parts.username or parts.path.strip("/"):
        message = f"{url!r} is no address of a server; write tls://host:port."
        raise OneCardError(message)
    if parts.scheme == "nats" and not _is_this_computer(parts.hostname or ""):
        message = "Keys of cards do not travel unencrypted: write tls:// (nats:// is for this computer only)."
        raise OneCardError(message)


def encryption(url: str, ca_file: str | None) -> ssl.SSLContext | None:
    """How the way is encrypted; None within this computer.

    Raises:
        UnavailableError: the file of certificates cannot be used.
    """
    if urlsplit(url).scheme != "tls":
        return None
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        message = f"The certificates in {Path(ca_file or '')} cannot be used: {error.strerror or error}."
        raise UnavailableError(message) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _is_this_computer(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
