"""How gently a run treats its servers: what the plan says, and what the command line says instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.errors import UsageError
from migrate.model.plan import Plan
from migrate.model.rate import parse_rate

if TYPE_CHECKING:
    from migrate.executor.throttle import Limits


def limits(plan: Plan, max_rate: str | None, max_threads_running: tuple[str, ...]) -> Limits:
    """The limits that hold for one run. Raises `UsageError` for an endpoint that the plan does not have."""
    from migrate.executor.throttle import Limits

    most = {name: ref.max_threads_running for name, ref in plan.endpoint.items()}
    for word in sorted(max_threads_running, key=lambda word: "=" in word):  # what is said of one endpoint counts more
        name, _, number = word.rpartition("=")
        if name and name not in most:
            raise UsageError(
                f"--max-threads-running: the plan has no endpoint {name!r}", f"it has {', '.join(sorted(most))}"
            )
        most |= dict.fromkeys([name] if name else most, int(number))
    return Limits(plan.max_rate if max_rate is None else parse_rate(max_rate), most)
