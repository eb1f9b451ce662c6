"""What a simulated terminal publishes."""

from typing import Any, NamedTuple


class Message(NamedTuple):
    """Something to publish: topic below the terminal's prefix, JSON object, retained or not."""

    topic: str
    body: dict[str, Any]
    retain: bool = False
