"""`python -m tests.demo`: two private servers, one shop, the real command; nothing is left running afterwards.

Exit status: 0 both sides are equal, 1 they are not or a command failed, 2 wrong usage, 130 and 143 interrupted.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import pymysql

from tests.demo import story
from tests.demo.command import REPOSITORY
from tests.lab import LabError, client, extra

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _leave(number: int, frame: FrameType | None) -> None:
    """End by unwinding, so that every `with` ends its server; once: a second signal must not cut that short."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.demo", description="Move a shop database between two real MySQL servers."
    )
    parser.add_argument("--kill", action="store_true", help="kill -9 the first apply in the middle, then resume it")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="size of the shop; 1 (the default): about 810,000 rows"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=REPOSITORY / "build" / "demo",
        help="where the configuration, plan and state go; emptied first (default: build/demo)",
    )
    chosen = parser.parse_args(arguments)
    if not chosen.scale > 0:
        parser.error("--scale must be above 0")
    for number in SIGNALS:
        signal.signal(number, _leave)
    started = time.monotonic()
    try:
        with ExitStack() as servers:
            source = servers.enter_context(extra("demo-source"))
            target = servers.enter_context(extra("demo-target"))
            equal = story.tell(source, target, chosen.folder.resolve(), scale=chosen.scale, kill=chosen.kill)
    except (LabError, client.ScriptError, pymysql.err.MySQLError) as error:
        story.say(f"failed: {error}")
        return 1
    story.say(f"both servers are stopped and gone; {time.monotonic() - started:.0f} s in all")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
