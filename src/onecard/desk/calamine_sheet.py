"""Rows of a searched workbook's first sheet, by calamine."""

from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from onecard.desk.uploads import SheetError, Trouble


def read(path: Path) -> Iterator[tuple[int, list[object]]]:
    """Rows with their number in the spreadsheet program.

    Raises:
        SheetError: protected by a password, or not readable as a workbook.
    """
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            sheet = workbook.get_sheet_by_index(0)
            # its rows begin with the first of the sheet, its columns with the first that holds something
            before: list[object] = [""] * (sheet.start or (0, 0))[1]
            for row, cells in enumerate(sheet.iter_rows(), 1):
                yield row, [*before, *cells]
    except PasswordError:
        raise SheetError(Trouble.ENCRYPTED) from None
    except (CalamineError, ValueError, IndexError):
        raise SheetError(Trouble.DAMAGED) from None
