"""Exceptions that a person reads: one sentence, no traceback.

Refusals of business requests are never exceptions; they are a `Status` (see status.py).
"""


class OneCardError(Exception):
    """Something the user can put right; `str(error)` is the whole sentence to show.

    The sentence is a `Text` (texts.py) where it can reach a page: `in_language` reads it.
    """

    def in_language(self, language: str) -> str:
        """The sentence in a language, if it is known in it; else in English."""
        said = self.args[0] if self.args else ""
        return str(said.read(language) if hasattr(said, "read") else said)


class SettingError(OneCardError):
    """A setting is malformed; the sentence begins with the setting's name."""


class UnavailableError(OneCardError):
    """A server, port, file or directory the product needs cannot be had right now."""


class NotFoundError(OneCardError):
    """What was named does not exist in this tenant."""


class ConflictError(OneCardError):
    """What was asked for contradicts what is stored."""
