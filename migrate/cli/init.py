"""`migrate init`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from migrate.cli.context import Context
from migrate.errors import CannotWrite, UsageError


def init(file: Path = Path("migrate.toml"), /, *, engine: Literal["mysql", "lake"] = "mysql", context: Context) -> int:
    """Write a commented configuration to start from; a file that is there is never overwritten.

    For example:
      migrate init
      migrate init shop.toml
      migrate init sales.toml --engine lake

    Parameters
    ----------
    file
        Where to.
    engine
        Which kind of servers the example names.
    """
    from migrate import config

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(config.EXAMPLE_LAKE if engine == "lake" else config.EXAMPLE_MYSQL)
    except FileExistsError as error:
        message = f"{file} is there already, it was not touched"
        raise UsageError(message, "give another name: migrate init FILE") from error
    except OSError as error:
        raise CannotWrite(str(file), "configuration", error.strerror or str(error)) from error
    then = context.command("plan", "-c", file)
    context.result([f"wrote {file}: fill in the endpoints and the moves, then run `{then}`"])
    context.record("init", {"path": str(file), "engine": engine})
    return 0
