"""`migrate show`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from migrate.cli.context import Context, plain
from migrate.cli.options import Flag
from migrate.ui.sql import plan_sql
from migrate.ui.text import plan_lines

CHANGES = 2
"""The exit code that says that a plan has steps, where it was asked for."""


def show(
    plan: Path,
    /,
    *,
    format: Literal["text", "sql", "json"] = "text",  # noqa: A002 - it is the option's name
    ddl: Flag = False,
    detailed_exitcode: Flag = False,
    context: Context,
) -> int:
    """Show what a plan does; needs no servers and no credentials.

    For example:
      migrate show plans/shop.toml
      migrate show plans/shop.toml --ddl
      migrate show plans/shop.toml --format sql > shop.sql

    Parameters
    ----------
    plan
        The plan file.
    format
        text for eyes; sql: exactly the statements, in order; json: the whole plan.
    ddl
        Add the statements to the text.
    detailed_exitcode
        Exit with 2 when the plan has steps, 0 when it has none.
    """
    from migrate import planfile

    read = planfile.read(plan)
    if format == "json" and not context.options.json:
        text = msgspec.json.format(msgspec.json.encode(plain(read)), indent=2).decode()
        context.result([text])
    elif format == "sql":
        context.result(plan_sql(read).removesuffix("\n").split("\n"))
    else:
        context.result(plan_lines(read, ddl))
    context.record("plan", {"path": str(plan), "plan": plain(read)})
    return CHANGES if detailed_exitcode and read.step else 0
