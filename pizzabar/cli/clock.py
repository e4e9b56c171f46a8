"""``pizzabar clock`` and ``pizzabar settled``: the time of a running server."""

import math
from typing import Any

import click

from pizzabar.cli.answers import asking, tell, time_of
from pizzabar.cli.server import ControlPlane


def _number(context: click.Context, parameter: click.Parameter, value: float) -> float:
    """Refuse what no JSON holds."""
    if not math.isfinite(value):
        raise click.BadParameter(f"{value} is no number")
    return value


@click.group()
def clock() -> None:
    """Read the clock, set it, or move it."""


def _tell_clock(as_json: bool, read: Any) -> None:
    speed = "" if read["speed"] in (None, 1) else f" at speed {read['speed']:g}"
    due = "nothing is due" if read["next_call"] is None else f"next at {time_of(read['next_call'])}"
    tell(as_json, read, [f"{time_of(read['now'])}  {read['mode']}{speed}, {due}"])


@clock.command("get")
@asking
def get_clock(as_json: bool, host: str, port: int) -> None:
    """Read the clock."""
    _tell_clock(as_json, ControlPlane(host, port).get("/clock"))


@clock.command("set")
@click.argument("mode", type=click.Choice(["real", "virtual", "auto"]))
@click.option("--speed", default=1.0, callback=_number, help="by which waits are divided, in real time")
@asking
def set_clock(mode: str, speed: float, as_json: bool, host: str, port: int) -> None:
    """Let the clock go on in another mode."""
    _tell_clock(as_json, ControlPlane(host, port).post("/clock", {"mode": mode, "speed": speed}))


@clock.command()
@click.argument("seconds", type=click.FloatRange(0, 366 * 86_400), callback=_number)
@asking
def advance(seconds: float, as_json: bool, host: str, port: int) -> None:
    """Let virtual time pass, and wait until what was due has settled."""
    _tell_clock(as_json, ControlPlane(host, port).post("/clock/advance", {"seconds": seconds}))


@clock.command("next")
@asking
def next_call(as_json: bool, host: str, port: int) -> None:
    """Let virtual time pass until the next call that the clock owes."""
    _tell_clock(as_json, ControlPlane(host, port).post("/clock/next"))


@click.command()
@asking
def settled(as_json: bool, host: str, port: int) -> None:
    """Wait until nothing is left to happen at the present time."""
    _tell_clock(as_json, ControlPlane(host, port).post("/settled"))
