"""`salesops new-plan`: ten questions, and the pay plan that they make."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import click

from salesops_nb.cli import day_given, today
from salesops_nb.commission.design import new_plan as blank
from salesops_nb.errors import SalesopsError, problem

Decorated = Callable[[Callable[..., Any]], Callable[..., Any]]


class _Answer(click.ParamType):  # type: ignore[type-arg]
    """An answer as its reader takes it; what is wrong with it is said and asked again."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name, self.read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self.read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _free_name(_context: click.Context, _argument: click.Parameter, name: str) -> str:
    """Refuse, before anything is asked, what cannot name a plan and its file, and what is there."""
    from salesops_nb.commission.plans.plan import load_plan, plan_files
    from salesops_nb.notebook.commission_calculation.period_book import FOLDER
    from salesops_nb.workbook import find_workbook

    if not re.fullmatch(r"[a-z0-9]+([._-][a-z0-9]+)*", name):
        raise SalesopsError(problem("bad-name.plan", value=name))
    home = find_workbook(".")
    for file in plan_files(home / FOLDER):
        try:
            taken = file.stem == name or load_plan(file).id == name
        except SalesopsError:
            taken = False  # salesops check says what is wrong with it
        if taken:
            raise SalesopsError(problem("name-taken.plan", value=name, path=file.relative_to(home)))
    return name


_AMOUNT = _Answer("amount", blank.amount)


def _asked(option: str, question: str, kind: Any, default: str | None = None) -> Decorated:
    """An option that is asked for where it is not given."""
    return click.option(
        option, type=kind, prompt=question, default=default, help=f"{question}.", show_default=True
    )


@click.command("new-plan")
@click.argument("name", metavar="NAME", is_eager=True, callback=_free_name)
@click.option("--currency", metavar="CODE", help="Currency of the plan; the workbook's by default.")
@click.option(
    "--from",
    "first",
    metavar="DAY",
    callback=day_given,
    help="First day; of the present fiscal year by default.",
)
@click.option(
    "--to",
    "last",
    metavar="DAY",
    callback=day_given,
    help="Last day; of the fiscal year of --from by default.",
)
@_asked("--period", "Paid by", click.Choice([*blank.PERIODS]), "quarter")
@_asked("--ote", "On-target earnings a year, base pay included", _Answer("amount", blank.positive))
@_asked("--pay-mix", "Pay mix, base/variable", _Answer("mix", blank.mix), "60/40")
@_asked("--quota", "Quota of one period", _Answer("amount", blank.positive))
@_asked("--threshold", "Attainment in % below which nothing is paid", _Answer("pct", blank.threshold), "0")
@_asked(
    "--tiers",
    "Faster from, as '100: 1.5, 130: 2' (% of quota: times the rate)",
    _Answer("tiers", blank.tiers),
    "none",
)
@_asked("--ramp", "Quota of the first periods in %, as '25, 50, 75'", _Answer("ramp", blank.ramp), "none")
@_asked("--draw", "Draw a month for beginners", _AMOUNT, "none")
@_asked("--clawback", "Months in which a cancellation takes pay back", click.IntRange(0, 120), "0")
@_asked(
    "--overlay",
    "What counts: own deals, overlay credit, or the team's deals",
    click.Choice(["own", "overlay", "team"]),
    "own",
)
@click.option(
    "--draw-months",
    type=click.IntRange(1, 120),
    default=6,
    show_default=True,
    help="For how many months the draw is paid.",
)
@click.option("--draw-kept", is_flag=True, help="The draw is never repaid.")  # fmt: skip
def new_plan(
    name: str, currency: str | None, first: date | None, last: date | None, overlay: Any, **answers: Any
) -> None:
    """Write the pay plan plans/NAME.yml in the workbook here, or above, from ten answers.

    What is not given as an option is asked. Every line of the file has a comment: change it as you like,
    then read it back with salesops check --plan.
    """
    from salesops_nb.commission.plans.plan import load_plan
    from salesops_nb.core.money import places
    from salesops_nb.notebook.commission_calculation.period_book import FOLDER
    from salesops_nb.present.language.sentences import translate
    from salesops_nb.workbook import find_workbook, load_settings

    home = find_workbook(".")
    settings = load_settings(home)
    path = home / FOLDER / f"{name}.yml"
    year = settings.calendar.containing(first or today(), "year")
    first = first or year.start
    last = last or year.end - timedelta(days=1)
    if last < first:
        raise click.BadParameter(f"{last} is before {first}", param_hint="--to")
    code = currency or settings.currency
    places(code)
    made = blank.written(blank.Answers(name, first, last, code, counts=overlay, **answers))
    path.parent.mkdir(exist_ok=True)
    path.write_text(made, encoding="utf-8")
    click.echo(f"\n{translate(load_plan(path).summary())}\n\nwritten: {path.relative_to(home)}")
    click.echo("Next: people's rows in plan_assignments, then: salesops check")
