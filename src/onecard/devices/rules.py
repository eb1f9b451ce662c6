"""Lists and watermarks: what a row's digest is, who has what, what may be missing. Pure."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from onecard.devices.model import Change, Delivered, ListState, Row, Said, Standing, Uncollected

_DIGEST_BYTES = 8
DIGEST_MODULUS = 1 << (8 * _DIGEST_BYTES)


def row_digest(row: Row) -> int:
    """First 8 bytes of the SHA-256 of `key,name=value,…`, names in order (devices.md §6.5: row hashes)."""
    fields = "".join(f",{name}={value}" for name, value in sorted(row.content.items()))
    return int.from_bytes(sha256(f"{row.key}{fields}".encode()).digest()[:_DIGEST_BYTES], "big")


def is_for(change: Change, device_id: int) -> bool:
    """Whether a change is meant for a device."""
    return change.devices is None or device_id in change.devices


def replaced(old: Change | None, new: Change) -> list[Change]:
    """The changes that make `new` hold where `old` held: first out where it was, then in where it will be."""
    if old is None or not old.added:
        return [new] if new.added else []
    taken_out = Change(old.row, added=False, devices=old.devices)
    if not new.added:
        return [taken_out]
    if old.row == new.row and _scope(old) == _scope(new):
        return []
    return [new] if _scope(old) == _scope(new) else [taken_out, new]


def _scope(change: Change) -> frozenset[int] | None:
    return None if change.devices is None else frozenset(change.devices)


def newest_for(changes: Iterable[tuple[int, Change]], device_id: int) -> tuple[int, Change] | None:
    """The newest of versioned changes that is meant for a device."""
    meant = [(version, change) for version, change in changes if is_for(change, device_id)]
    return max(meant, key=lambda each: each[0], default=None)


def delivered(device: ListState, wanted: int) -> Delivered:
    """Whether a device has a version of a list, and if not, the first reason that applies."""
    if device.version >= wanted:
        return Delivered.YES
    if device.last_seen is None:
        return Delivered.NEVER_SEEN
    if device.state != "certified":
        return Delivered.DISABLED
    if not device.online:
        return Delivered.OFFLINE
    if device.error is not None:
        return Delivered.REJECTED
    return Delivered.SENT if device.sent_version >= wanted else Delivered.WAITING


def believed(said: Said, wanted: int, standing: Standing) -> tuple[int, str | None]:
    """The version a device may count as having, and what is wrong with what it said.

    Args:
        said: what it said.
        wanted: the newest version there is for it.
        standing: the list as it is at the version that was said.
    """
    if said.version > wanted:
        return 0, "version_unknown"
    if said.standing != standing:
        return 0, "content_differs"
    return said.version, said.problem


def uncollected(*, watermark: int, said: int | None, current: bool, online: bool) -> Uncollected:
    """Whether a store holds records that are not here.

    A store that is out of sight, or was replaced by another, may hold more than it ever said.
    """
    if said is not None and said > watermark:
        return Uncollected.YES
    return Uncollected.NO if current and online else Uncollected.UNKNOWN


def scopes(states: Iterable[ListState]) -> Mapping[tuple[int, int], list[ListState]]:
    """Devices that can be sent the same, by (device id or 0 for all without a change of their own, base)."""
    groups: dict[tuple[int, int], list[ListState]] = {}
    for state in states:
        # who is asked to load again is sent the whole list
        base = 0 if state.resend_at is not None or state.version > state.wanted else state.version
        groups.setdefault((state.device_id if state.named else 0, base), []).append(state)
    return groups
