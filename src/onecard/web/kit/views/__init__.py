"""What templates get: plain values, every text already in the reader's language.

The kit fills these, the templates only lay them out. A template that needs more gets a new field here, never
a query or a rule of its own.
"""

from onecard.web.kit.views.forms import FieldView as FieldView
from onecard.web.kit.views.forms import FormView as FormView
from onecard.web.kit.views.forms import GrantArea as GrantArea
from onecard.web.kit.views.forms import GrantBranch as GrantBranch
from onecard.web.kit.views.forms import GrantLeaf as GrantLeaf
from onecard.web.kit.views.forms import Section as Section
from onecard.web.kit.views.lists import Chip as Chip
from onecard.web.kit.views.lists import FilterView as FilterView
from onecard.web.kit.views.lists import Head as Head
from onecard.web.kit.views.lists import ListView as ListView
from onecard.web.kit.views.lists import Pager as Pager
from onecard.web.kit.views.lists import RowView as RowView
from onecard.web.kit.views.lists import TableView as TableView
from onecard.web.kit.views.lists import TreeNode as TreeNode
from onecard.web.kit.views.lists import TreeView as TreeView
from onecard.web.kit.views.parts import Button as Button
from onecard.web.kit.views.parts import Cell as Cell
from onecard.web.kit.views.parts import Extra as Extra
from onecard.web.kit.views.parts import Key as Key
from onecard.web.kit.views.parts import Look as Look
from onecard.web.kit.views.parts import Option as Option
from onecard.web.kit.views.parts import Tone as Tone
from onecard.web.kit.views.records import Fact as Fact
from onecard.web.kit.views.records import Facts as Facts
from onecard.web.kit.views.records import JobView as JobView
from onecard.web.kit.views.records import PreviewView as PreviewView
from onecard.web.kit.views.records import RecordView as RecordView
from onecard.web.kit.views.shell import ErrorView as ErrorView
from onecard.web.kit.views.shell import Found as Found
from onecard.web.kit.views.shell import NavArea as NavArea
from onecard.web.kit.views.shell import NavItem as NavItem
from onecard.web.kit.views.shell import SearchView as SearchView
from onecard.web.kit.views.shell import Shell as Shell
