"""What desk commands print: one JSON object, or lines in the language of whoever works there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onecard.base.amounts import format_amount
from onecard.base.errors import NotFoundError, OneCardError, UnavailableError
from onecard.cards.reader import ReaderError
from onecard.cli import output
from onecard.cli.desk_words import Lang, say_in
from onecard.desk.operations.speech import RefusedError, words_of
from onecard.desk.operations.store import BusyError
from onecard.desk.operations.words import Words


@dataclass(frozen=True, slots=True)
class Shown:
    """What a command has to say.

    Attributes:
        fields: for `--json`; `ok` and `code` come first.
        lines: for people.
        ok: whether the command did what was asked; else it exits with 1.
        code: one word for how it went.
        words: what is the matter, when something is.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    lines: Sequence[str] = ()
    ok: bool = True
    code: str = "done"
    words: Words | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A list.

    Attributes:
        name: `{"<name>": [...]}` as JSON.
        rows: whole.
        columns: what a table for people shows of them.
        empty: instead of a table without rows.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    columns: Sequence[str] = ()
    empty: str = "None."

    @property
    def for_people(self) -> list[dict[str, Any]]:
        """The columns a table shows; amounts as people write them."""
        return [
            {
                name.removesuffix("_fen"): format_amount(row[name]) if name.endswith("_fen") else row[name]
                for name in self.columns
            }
            for row in self.rows
        ]


def refusal(error: OneCardError | ReaderError) -> Shown:
    """Why nothing was done."""
    if isinstance(error, ReaderError):
        code = error.trouble.value
        return Shown(ok=False, code=code, words=words_of(code))
    if isinstance(error, RefusedError):
        words = words_of(error.code)
        if str(error) != words.en:
            words = words._replace(en=str(error), zh=f"{words.zh}（{error}）")
        return Shown(ok=False, code=error.code, words=words)
    code, extra = _code_of(error), {}
    if isinstance(error, BusyError):
        extra = {"operation_id": error.operation_id}
    return Shown(extra, ok=False, code=code, words=Words(str(error), str(error), "", ""))


def _code_of(error: OneCardError) -> str:
    for kind, code in ((BusyError, "busy"), (NotFoundError, "not_found"), (UnavailableError, "unavailable")):
        if isinstance(error, kind):
            return code
    return "wrong_input"


def told(words: Words, lang: Lang) -> tuple[str, str]:
    """A sentence and the next step."""
    return say_in(lang, words.en, words.zh), say_in(lang, words.next_en, words.next_zh)


def put(shown: Shown | Rows, lang: Lang, *, as_json: bool) -> None:
    """Print; what is the matter goes to standard error, unless it is JSON."""
    if isinstance(shown, Rows):
        rows = shown.rows if as_json else shown.for_people
        output.show_rows(shown.name, rows, as_json=as_json, empty=shown.empty)
        return
    message, following = told(shown.words, lang) if shown.words else ("", "")
    if as_json:
        said = {"message": message, "next": following} if shown.words else {}
        output.print_json({"ok": shown.ok, "code": shown.code, **said, **shown.fields})
        return
    for line in shown.lines:
        output.show({}, as_json=False, sentence=line)
    for line in (message, following and f"→ {following}"):
        if line:
            output.say(line)
