"""A form that is a page of the menu: settings of which there is one set, with a heading for each section."""

from dataclasses import dataclass, field

from onecard.web.kit import nav
from onecard.web.kit.actions import Action


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FormPage(Action):
    """The page; sections are those of its model's fields (`Ui.section`).

    Attributes:
        area: of the menu.
        back: itself, if nothing else is said.
    """

    area: str
    back: str = field(default="")

    def __post_init__(self) -> None:
        if not self.back:
            object.__setattr__(self, "back", self.path)
        nav.add(self.area, nav.Entry(self.label, self.path, self.icon, self.looks or self.needs))
