"""What an uploaded file may be: its kinds, its limits, and the sentences with which one is refused."""

from enum import StrEnum

from onecard.base.errors import OneCardError

KINDS = (".xlsx", ".xls", ".csv")
FILE_MAX_MB = 20
ROWS_MAX = 60_000  # below the headings
COLUMNS_MAX = 64


class Trouble(StrEnum):
    """Why a whole file is refused."""

    UNREADABLE = "unreadable"
    EMPTY_FILE = "empty_file"
    TOO_BIG = "too_big"
    WRONG_KIND = "wrong_kind"
    NOT_THE_KIND = "not_the_kind"
    DAMAGED = "damaged"
    ENCRYPTED = "encrypted"
    BOMB = "bomb"
    MACRO = "macro"
    LINKED = "linked"
    DOCTYPE = "doctype"
    FORMULA = "formula"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    TOO_MUCH = "too_much"
    ENCODING = "encoding"
    NO_ROWS = "no_rows"
    HEADINGS_MISSING = "headings_missing"
    HEADING_TWICE = "heading_twice"


_TROUBLES: dict[Trouble, tuple[str, str]] = {
    Trouble.UNREADABLE: ("The file cannot be opened: {0}.", "无法打开文件：{0}。"),
    Trouble.EMPTY_FILE: ("The file is empty.", "文件为空。"),
    Trouble.TOO_BIG: ("The file is larger than {0} MB.", "文件超过 {0} MB。"),
    Trouble.WRONG_KIND: (
        "The file must end in .xlsx, .xls or .csv; {0} does not.",
        "文件应为 .xlsx、.xls 或 .csv；{0} 不是。",
    ),
    Trouble.NOT_THE_KIND: (
        "The file is called {0}, but its content is something else; save it again as {0}.",
        "文件扩展名为 {0}，但内容不符，请重新另存为 {0}。",
    ),
    Trouble.DAMAGED: ("The file is damaged and cannot be read.", "文件已损坏，无法读取。"),
    Trouble.ENCRYPTED: (
        "The file is protected by a password; save it without one.",
        "文件有密码保护，请去除密码后再上传。",
    ),
    Trouble.BOMB: ("The file unpacks to far more than it should.", "文件解压后异常庞大。"),
    Trouble.MACRO: (
        "The file contains a macro; save it as a plain workbook (.xlsx).",
        "文件包含宏，请另存为普通工作簿（.xlsx）。",
    ),
    Trouble.LINKED: (
        "The file refers to other files or contains embedded objects; save its values only.",
        "文件引用了外部文件或含有嵌入对象，请仅保存数值。",
    ),
    Trouble.DOCTYPE: (
        "The file contains a document type declaration, which no spreadsheet program writes.",
        "文件包含电子表格程序不会写入的文档类型声明。",
    ),
    Trouble.FORMULA: (
        "Cell {0} contains a formula; paste values only.",
        "单元格 {0} 含有公式，请粘贴为数值。",
    ),
    Trouble.TOO_MANY_ROWS: ("The file has more than {0} rows.", "文件超过 {0} 行。"),
    Trouble.TOO_MANY_COLUMNS: ("The file has more than {0} columns.", "文件超过 {0} 列。"),
    Trouble.TOO_MUCH: (
        "The file takes too much time or memory to read.",
        "读取该文件所需的时间或内存过多。",
    ),
    Trouble.ENCODING: (
        "The text is neither UTF-8 nor GB18030; save it as CSV UTF-8.",
        "文件编码既非 UTF-8 也非 GB18030，请另存为 CSV UTF-8。",
    ),
    Trouble.NO_ROWS: ("The file has headings but no rows.", "文件只有表头，没有数据。"),
    Trouble.HEADINGS_MISSING: (
        "The first row must hold the headings of the template; missing: {0}.",
        "首行应为模板的表头，缺少：{0}。",
    ),
    Trouble.HEADING_TWICE: ("The heading {0} appears twice.", "表头 {0} 重复。"),
}


class SheetError(OneCardError):
    """A file that is refused as a whole."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        self.trouble = trouble
        self.detail = detail
        super().__init__(self.text("en"))

    def text(self, language: str) -> str:
        """The sentence in a language (`zh-CN` or `en`)."""
        return _TROUBLES[self.trouble][language != "en"].format(self.detail)
