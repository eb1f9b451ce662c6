"""What `onecard demo` shows people: bars while it works, tables at the end, in English and Chinese."""

import sys
from collections.abc import Mapping
from typing import Any, Self

from rich import box
from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import TaskID
from rich.table import Table
from rich.text import Text

from onecard.base.status import TEXTS, Status
from onecard.cli import output

_console = Console(highlight=False)

_STAGES = {
    "import: read": "Excel list 读取名单",
    "import: check": "rows checked 校验",
    "import: save": "people saved 导入人员",
    "accounts topped up": "money given 充值补助",
    "terminals certified": "terminals certified 设备认证",
    "taps": "lunch is served 午餐消费",
}
_OF_THE_TERMINAL = {
    "offline_limit_sale": "over what the terminal may sell alone at once 超出脱机单笔限额",
    "offline_limit_card": "over what the terminal may sell alone to a card 超出脱机单卡限额",
    "offline_limit_total": "over what the terminal may sell alone 超出脱机总额",
    "store_full": "the terminal's store is full 设备流水已满",
}


class Stages:
    """Progress bars by stage, on standard error; silent when hidden."""

    def __init__(self, *, hidden: bool) -> None:
        self._bars = None if hidden else output.progress()
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def progress(self, stage: str, done: int, total: int) -> None:
        """A stage is at `done` of `total`."""
        if self._bars is None:
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(_STAGES.get(stage, stage), total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)


def yuan(amount_fen: int) -> str:
    """An amount as people write it."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100:,}.{abs(amount_fen) % 100:02d}"


def show_summary(summary: Mapping[str, Any]) -> None:
    """The final screen."""
    _console.print()
    _console.print(_takings(summary))
    _console.print(_refusals(summary))
    _console.print(_figures(summary))
    _console.print(_proofs(summary))


def show_what_next(summary: Mapping[str, Any], link: str) -> None:
    """Where everything is and what to try; `link` signs an administrator in to the console once."""
    address, data = summary["mqtt"], summary["data"]
    lines = (
        ("The product is still running.", "系统仍在运行"),
        (f"Terminals connect by MQTT to {address['host']}:{address['port']}", "终端连接地址"),
        (f"Its data is in {data}", "数据目录"),
    )
    # as this demo was started: the command need not be on the PATH
    onecard = f"ONECARD_DATA_DIR={data} {sys.argv[0]}"
    commands = (
        f"{onecard} operator link {summary['tenant']}9000 --address {link.partition('/sign-in')[0]}",
        f"{onecard} check",
        f"{onecard} people list --tenant {summary['tenant']}",
        f"{onecard} sim --tenant {summary['tenant']} --terminals 5 --seconds 10",
    )
    body = Group(
        *(Text.assemble(english, ("  " + chinese, "dim")) for english, chinese in lines),
        Text("Try, in another window: 另开窗口试试"),
        *(Text("  " + command, style="cyan", overflow="fold", no_wrap=False) for command in commands),
        Text("Ctrl-C ends it. 按 Ctrl-C 结束"),
    )
    _console.print(Panel(body, title="OneCard 一卡通", expand=False) if _console.is_terminal else body)
    # last and in one piece, so that it can be clicked or copied
    opening = Text.assemble("Open the console; this link signs you in once:", ("  打开控制台", "dim"))
    _console.print(opening)
    _console.print(link, style="bold cyan", soft_wrap=True, highlight=False)


def _table(title: str) -> Table:
    shape = box.ROUNDED if _console.is_terminal else None
    return Table(title=title, title_justify="left", box=shape, header_style="bold", title_style="bold")


def _takings(summary: Mapping[str, Any]) -> Table:
    table = _table("Takings 营业额")
    for heading in ("Merchant 商户", "Meal 餐次"):
        table.add_column(heading)
    for heading in ("Sales 笔数", "Yuan 金额(元)"):
        table.add_column(heading, justify="right")
    rows = summary["takings"]
    for row in rows:
        table.add_row(row["name"], row["meal"] or "–", f"{row['sales']:,}", yuan(row["amount_fen"]))
    table.add_section()
    table.add_row(
        "Together 合计",
        "",
        f"{sum(row['sales'] for row in rows):,}",
        yuan(sum(row["amount_fen"] for row in rows)),
    )
    return table


def _refusals(summary: Mapping[str, Any]) -> Table:
    table = _table("Refused 拒绝")
    table.add_column("Status 状态")
    table.add_column("Reason 原因")
    table.add_column("Times 次数", justify="right")
    for code, count in summary["refusals"].items():
        table.add_row(code, _reason(code), f"{count:,}")
    return table


def _reason(code: str) -> str:
    if code.upper() in Status.__members__:
        english, chinese = TEXTS[Status[code.upper()]]
        return f"{english} {chinese}"
    return _OF_THE_TERMINAL.get(code, "")


def _figures(summary: Mapping[str, Any]) -> Table:
    latency = summary["latency_ms"]
    table = _table("Lunch in figures 数据")
    table.add_column("Figure 指标")
    table.add_column("Value 数值", justify="right")
    for name, value in (
        ("people 人员", f"{summary['people']:,}"),
        ("terminals 设备", f"{summary['terminals']:,}"),
        ("cash paid in 充值(元)", yuan(summary["paid_in_fen"])),
        ("subsidies 补助(元)", yuan(summary["granted_fen"])),
        ("taps 刷卡", f"{summary['taps']:,}"),
        ("taps per second 每秒刷卡", f"{summary['taps_per_second']:,}"),
        ("sold without the server 脱机消费", f"{summary['offline_sales']:,}"),
        ("requests sent again 重发", f"{summary['resent']:,}"),
        ("terminals that went offline 断网设备", f"{summary['faults']['offline']:,}"),
        ("that lost power 断电重启", f"{summary['faults']['reboot']:,}"),
        ("that sent everything twice 重复发送", f"{summary['faults']['echo']:,}"),
        ("that sent old records again 重复上传", f"{summary['faults']['send_again']:,}"),
        ("that got answers too late 应答超时", f"{summary['faults']['slow']:,}"),
        ("p50 / p95 / p99 ms 响应", f"{latency['p50']} / {latency['p95']} / {latency['p99']}"),
        ("seconds in all 总用时(秒)", f"{summary['seconds']}"),
    ):
        table.add_row(name, value)
    return table


def _proofs(summary: Mapping[str, Any]) -> Table:
    title = "Every fen is accounted for 账务全部相符" if summary["ok"] else "THE BOOKS ARE WRONG 账务不符"
    table = _table(title)
    table.add_column("Proof 核对")
    table.add_column("Holds 结果")
    table.add_column("Rows 行数", justify="right")
    table.add_column("What is wrong 说明")
    for proof in summary["proofs"]:
        holds = Text("yes 是", style="green") if proof["ok"] else Text("NO 否", style="bold red")
        table.add_row(proof["name"], holds, f"{proof['checked']:,}", proof["detail"])
    return table
