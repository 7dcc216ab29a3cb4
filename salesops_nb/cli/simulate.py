"""`salesops simulate`: the demo's simulated tables anew, or any number of deals for benchmarks."""

from __future__ import annotations

from pathlib import Path

import click

from salesops_nb.simulate.crm import SEED


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path), default=Path("data"), help="The CRM export's folder."
)
@click.option("--out", type=click.Path(path_type=Path), help="Where to write (default: DATA/simulated).")
@click.option("--deals", "n", type=click.IntRange(min=1), help="Make so many deals instead, as Parquet.")
@click.option("--seed", type=click.IntRange(min=0), default=SEED, show_default=True)
@click.option("--process", is_flag=True, help="With --deals: stages, changes and forecast calls too.")
def simulate(data: Path, out: Path | None, n: int | None, seed: int, process: bool) -> None:
    """Write invented data, marked `simulated`: what the demo lacks, or N deals with --deals and --out."""
    from salesops_nb.simulate import Process, deals, write_demo

    if n is None and process:
        raise click.UsageError("--process needs --deals: the demo has a sales process anyway.")
    if n is None:
        paths = write_demo(data, out or data / "simulated", seed)
    elif out is None:
        raise click.UsageError("--deals needs --out: the folder for the made tables.")
    else:
        paths = list(deals(n, seed, out, process=Process() if process else None).values())
    for path in paths:
        click.echo(path)
