"""--max-rate and --max-threads-running: the plan's numbers unless the command line says others."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate import planfile
from migrate.cli.limits import limits
from migrate.errors import UsageError
from tests.unit.cli.conftest import CONFIG, Desk

PLAN = "plans/shop.toml"


def planned(desk: Desk) -> None:
    text = CONFIG.replace("[endpoint.new]", "max_threads_running = 40\n[endpoint.new]")
    Path("migrate.toml").write_text(text + '[options]\nmax_rate = "2MB"\n')
    assert desk("plan").code == 0


def test_the_plan_holds_the_limits_under_its_seal(desk: Desk) -> None:
    planned(desk)
    plan = planfile.read(Path(PLAN))
    held = limits(plan, None, ())
    assert (held.max_rate, held.max_threads_running) == (2_000_000, {"old": 40, "new": 25})
    text = Path(PLAN).read_text()
    Path(PLAN).write_text(text.replace("max_threads_running = 40", "max_threads_running = 90"))
    assert desk("apply", PLAN).code == 65


@pytest.mark.parametrize(
    ("rate", "words", "max_rate", "most"),
    [
        ("0", (), 0, {"old": 40, "new": 25}),
        ("1MiB", ("60",), 1 << 20, {"old": 60, "new": 60}),
        (None, ("new=0",), 2_000_000, {"old": 40, "new": 0}),
        (None, ("old=1", "60"), 2_000_000, {"old": 1, "new": 60}),
    ],
)
def test_the_command_line_counts_more_and_one_endpoint_more_than_all(
    desk: Desk, rate: str | None, words: tuple[str, ...], max_rate: int, most: dict[str, int]
) -> None:
    planned(desk)
    held = limits(planfile.read(Path(PLAN)), rate, words)
    assert (held.max_rate, held.max_threads_running) == (max_rate, most)


def test_an_endpoint_that_the_plan_lacks_is_refused(desk: Desk) -> None:
    planned(desk)
    with pytest.raises(UsageError, match="the plan has no endpoint 'odl'"):
        limits(planfile.read(Path(PLAN)), None, ("odl=3",))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--max-rate", "50"), "--max-rate: 50 bytes a second is less than 1,000"),
        (("--max-rate", "fast"), "--max-rate: 'fast' is no rate"),
        (("--max-threads-running", "many"), "--max-threads-running: 'many' is not a number of statements"),
        (("--max-threads-running", "old="), "--max-threads-running: 'old=' is not a number of statements"),
        (("--max-threads-running", "odl=3"), "--max-threads-running: the plan has no endpoint 'odl'"),
    ],
)
@pytest.mark.parametrize("command", ["apply", "verify"])
def test_a_mistake_is_wrong_usage_and_names_the_option(
    desk: Desk, command: str, words: tuple[str, str], said: str
) -> None:
    planned(desk)
    ran = desk(command, PLAN, *words)
    assert ran.code == 64
    assert said in ran.err


def test_a_busy_server_does_not_hold_up_a_run_that_permits_it(desk: Desk) -> None:
    planned(desk)
    desk.old.running = 41
    desk.new.running = 26
    ran = desk("apply", PLAN, "--max-threads-running", "100", "--json")
    assert ran.code == 0
    assert not [line for line in ran.lines if line["type"] == "throttled"]
    ran = desk("verify", PLAN, "--max-threads-running", "0", "--json")
    assert (ran.code, ran.lines[-1]["throttled"]) == (0, 0.0)
