"""`onecard desk …`: everything a desk does with cards, from a shell; see docs/guide/en/desk.md."""

import typer

from onecard.cli import desk_batch, desk_care, desk_ends, desk_issue, desk_lists, desk_money, desk_read

app = typer.Typer(
    no_args_is_help=True,
    help="Cards on a reader: issue, top up, lose, repair, return … Each refusal says what to do next.",
)

# in the order of `onecard desk --help`
for _one in (desk_read, desk_issue, desk_batch, desk_money, desk_care, desk_ends, desk_lists):
    app.add_typer(_one.app)
