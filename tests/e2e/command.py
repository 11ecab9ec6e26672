"""Run the real command in a folder, as a user types it, and judge how it ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.warm import Request, warm
from tests.lab import Server

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT = 300.0  # seconds that any one command of these tests may take
SECRETS = ("lab-app", "lab-root", "wrong-secret")


@dataclass(frozen=True)
class Ran:
    """A command that ended: its words after `migrate`, its exit code, and what it wrote."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that it wrote, for messages and for searches that do not care where."""
        return f"$ migrate {' '.join(self.words)} -> {self.code}\n{self.out}{self.err}"

    @property
    def records(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout. Raises ValueError when a line is no JSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The JSON lines of one type."""
        return [record for record in self.records if record["type"] == kind]


@dataclass
class Migrate:
    """The command `migrate` in a folder; `variables` go on top of our environment."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, variables: Mapping[str, str] | None = None) -> Ran:
        """Run a command to its end, in a warm process. However it ended, it showed no traceback and no password."""
        out, err = (self.folder.parent / f"{self.folder.name}.{name}" for name in ("out", "err"))
        request = Request(words, str(self.folder), self._environment(variables or {}), str(out), str(err))
        try:
            code = warm().run(request, LIMIT)
        except TimeoutError:
            text = f"{out.read_text('utf-8')}\n{err.read_text('utf-8')}"
            raise AssertionError(f"migrate {' '.join(words)} did not end in {LIMIT:.0f} s:\n{text}") from None
        return self._judged(Ran(words, code, out.read_text("utf-8"), err.read_text("utf-8")))

    def start(self, *words: str, variables: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a command, to be interrupted or joined with `ended`."""
        return subprocess.Popen(
            [sys.executable, "-m", "migrate", *words],
            cwd=self.folder,
            env=self._environment(variables or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def ended(self, child: subprocess.Popen[str], words: Sequence[str]) -> Ran:
        """Wait for a started command; see `__call__`."""
        try:
            out, err = child.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            raise AssertionError(f"migrate {' '.join(words)} did not end in {LIMIT:.0f} s:\n{out}\n{err}") from None
        return self._judged(Ran(tuple(words), child.returncode, out, err))

    @staticmethod
    def _judged(ran: Ran) -> Ran:
        assert "Traceback" not in ran.text, ran.text
        assert "internal error" not in ran.text, ran.text
        for secret in SECRETS:
            assert secret not in ran.out + ran.err, f"{secret} was shown:\n{ran.text}"
        return ran

    def must(self, *words: str) -> Ran:
        """Run a command that has to end with 0."""
        ran = self(*words)
        assert ran.code == 0, ran.text
        return ran

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        paths = [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
        passwords = {"OLD_SECRET": "lab-app", "NEW_SECRET": "lab-app"}
        python_path = os.pathsep.join(filter(None, paths))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SOURCE_DB", "TARGET_DB"))}
        return {**kept, "PYTHONPATH": python_path, **passwords, **self.variables, **variables}

    # -- files -----------------------------------------------------------------------------------------------------

    def configure(self, source: Server, target: Server, *moves: tuple[str, str], **changes: str) -> Path:
        """Write migrate.toml for two servers and moves like ("shop.*", "store.*").

        `changes` replace what an endpoint says (`old_host`, `new_user`, …) or add text: `move` after the last move,
        `options` at the end.
        """
        text = 'name = "move"\n'
        for name, server in (("old", source), ("new", target)):
            values = {
                "host": f'"{server.host}"',
                "port": str(server.port),
                "user": f'"{server.user}"',
                "password": f'"${{{name.upper()}_SECRET}}"',
            }
            values |= {key: changes[f"{name}_{key}"] for key in values if f"{name}_{key}" in changes}
            text += f'\n[endpoint.{name}]\nengine = "mysql"\n'
            text += "".join(f"{key} = {value}\n" for key, value in values.items())
        for from_, to in moves:
            text += f"\n[[move]]\nfrom = {json.dumps('old:' + from_, ensure_ascii=False)}\n"
            text += f"to = {json.dumps('new:' + to, ensure_ascii=False)}\n"
        text += changes.get("move", "") + "\n" + changes.get("options", "")
        path = self.folder / "migrate.toml"
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def plan(self) -> Path:
        """Where `migrate plan` puts the plan of `configure`."""
        return self.folder / "plans" / "move.toml"


PLAN = "plans/move.toml"


def refused(ran: Ran, code: int, *places: str) -> None:
    """One clear sentence on stderr that names the places, a next step, and the exit code."""
    assert ran.code == code, ran.text
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, ran.text
    assert any(line.startswith("  next: ") and len(line) > 12 for line in ran.err.splitlines()), ran.text
    for place in places:
        assert place in ran.err, f"{place!r} is not named:\n{ran.text}"


def stopped(ran: Ran, code: int, *places: str) -> None:
    """An apply that began: what failed, where, what next, the counts and the resume command."""
    assert ran.code == code, ran.text
    shown = ran.out + ran.err
    assert "error: " in shown, ran.text
    assert "next: " in shown, ran.text
    assert "not started" in shown, ran.text
    assert "resume: migrate apply plans/move.toml" in shown, ran.text
    for place in places:
        assert place in shown, f"{place!r} is not named:\n{ran.text}"


def findings(ran: Ran) -> list[tuple[str, str]]:
    """Code and object of each finding that `migrate plan --json` told."""
    (plan,) = ran.of("plan")
    return [(found["code"], found["object"]) for found in plan["findings"]]


def wait_until(what: Callable[[], bool], seconds: float = 30.0, every: float = 0.02) -> None:
    """Ask again and again until it is so; fails the test after `seconds`."""
    limit = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < limit, f"not so after {seconds:.0f} s"
        time.sleep(every)
