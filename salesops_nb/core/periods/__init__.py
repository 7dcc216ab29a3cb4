"""Fiscal periods: years, quarters, months and spans of days, and the texts that name them."""

from salesops_nb.core.periods.calendar import CALENDAR as CALENDAR
from salesops_nb.core.periods.calendar import FORM as FORM
from salesops_nb.core.periods.calendar import WEEKDAYS as WEEKDAYS
from salesops_nb.core.periods.calendar import FiscalCalendar as FiscalCalendar
from salesops_nb.core.periods.calendar import Kind as Kind
from salesops_nb.core.periods.calendar import Period as Period
from salesops_nb.core.periods.calendar import months_between as months_between
from salesops_nb.core.periods.calendar import months_later as months_later
