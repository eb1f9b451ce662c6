"""Rows of a searched workbook's first visible sheet, by calamine."""

from collections.abc import Iterator
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from onecard.desk.uploads import SheetError, Trouble


def read(path: Path) -> Iterator[tuple[int, list[object]]]:
    """Rows with their number in the spreadsheet program.

    Raises:
        SheetError: protected by a password, or not readable as a workbook.
    """
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            shown = (each.name for each in workbook.sheets_metadata if _is_shown_table(each))
            sheet = workbook.get_sheet_by_name(next(shown, ""))
            # its rows begin with the first of the sheet, its columns with the first that holds something
            before: list[object] = [""] * (sheet.start or (0, 0))[1]
            for row, cells in enumerate(sheet.iter_rows(), 1):
                yield row, [*before, *cells]
    except PasswordError:
        raise SheetError(Trouble.ENCRYPTED) from None
    except (CalamineError, ValueError, IndexError):
        raise SheetError(Trouble.DAMAGED) from None


def _is_shown_table(sheet: SheetMetadata) -> bool:
    return sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
