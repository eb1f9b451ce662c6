"""`onecard desk …`: everything a desk does with cards, from a shell; see docs/guide/en/desk.md."""

import typer

from onecard.cli import (
    desk_batch,
    desk_care,
    desk_ends,
    desk_issue,
    desk_lists,
    desk_money,
    desk_read,
    desk_receipt,
)

app = typer.Typer(
    no_args_is_help=True,
    help="Cards on a reader: issue, top up, lose, repair, return … Each refusal says what to do next.",
)

# in the order of `onecard desk --help`, each in a box of its own
for _title, _group in (
    ("Look", desk_read),
    ("New cards", desk_issue),
    ("New cards", desk_batch),
    ("Money", desk_money),
    ("Money", desk_receipt),
    ("Cards in use", desk_care),
    ("Cards that end", desk_ends),
    ("Lists, stock, lifts", desk_lists),
):
    for _command in _group.app.registered_commands:
        _command.rich_help_panel = _title
    app.add_typer(_group.app)
