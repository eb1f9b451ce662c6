"""Examples: a school with everything but its people, and the workbook that brings those."""

from onecard.desk.examples.school import WORKBOOK as WORKBOOK
from onecard.desk.examples.school import furnish_example as furnish_example
from onecard.desk.examples.school import prepare_example_tenant as prepare_example_tenant
