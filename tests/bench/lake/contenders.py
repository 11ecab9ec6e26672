"""Who takes part: each knows the commands that copy the files of one table to the other bucket."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import obstore

from tests.bench.contenders import Step
from tests.bench.lake import programs, world
from tests.bench.lake.data import Shape
from tests.lab.buckets import KEYS, REGION, bucket
from tests.lab.lake import Lake
from tests.lab.system import environment

SOURCE, TARGET = bucket("source"), bucket("target")
LOG = "apply.jsonl"


class Contender(Protocol):
    """One way to have the files below `SCHEMA/NAME` of the one bucket below the same prefix of the other."""

    @property
    def key(self) -> str:
        """What the goals call it; unique."""

    @property
    def name(self) -> str:
        """What the report calls it; unique."""

    @property
    def version(self) -> str:
        """Program and version."""

    def steps(self, lake: Lake, shape: Shape, folder: Path) -> Sequence[Step]:
        """One after the other they copy everything; `folder` is empty."""


@dataclass(frozen=True)
class Migrate:
    """This project: plan and apply, with all its proofs. `streamed`: each side has a key of its own."""

    streamed: bool
    version: str = "migrate of this tree"

    @property
    def key(self) -> str:
        """For the goals."""
        return "streamed" if self.streamed else "migrate"

    @property
    def name(self) -> str:
        """By what the objects take."""
        return "migrate, two keys: through the client" if self.streamed else "migrate, one key: server-side"

    def steps(self, lake: Lake, shape: Shape, folder: Path) -> Sequence[Step]:
        """Plan, then apply."""
        old, new = (KEYS["source"], KEYS["target"]) if self.streamed else (KEYS["both"], KEYS["both"])
        (folder / "migrate.toml").write_text(world.configuration(lake, shape.name), encoding="utf-8")
        variables = world.variables(old, new)
        plan = world.migrate("plan", "-c", "migrate.toml", "-o", "plan.toml", "--quiet")
        apply = world.migrate("apply", "plan.toml", "--quiet", "--log-file", LOG)
        return (Step("plan", plan, variables), Step("apply", apply, variables))


@dataclass(frozen=True)
class S5cmd:
    """s5cmd cp, with its defaults: 256 workers."""

    version: str
    key: str = "s5cmd"
    name: str = "s5cmd cp"

    def steps(self, lake: Lake, shape: Shape, folder: Path) -> Sequence[Step]:
        """One command."""
        path = f"{world.SCHEMA}/{shape.name}"
        program = str(programs.ensure(programs.S5CMD))
        command = (program, "--log", "error", "cp", f"s3://{SOURCE}/{path}/*", f"s3://{TARGET}/{path}/")
        return (Step("copy", command, {**aws(), "S3_ENDPOINT_URL": lake.endpoint}),)


@dataclass(frozen=True)
class Rclone:
    """rclone copy, server-side, with 64 transfers instead of its 4, which take many times as long."""

    version: str
    key: str = "rclone"
    name: str = "rclone copy"

    def steps(self, lake: Lake, shape: Shape, folder: Path) -> Sequence[Step]:
        """One command."""
        path = f"{world.SCHEMA}/{shape.name}"
        words = (
            "--config",
            "/dev/null",
            "--transfers",
            "64",
            "--checkers",
            "64",
            "--fast-list",
            "--s3-no-check-bucket",
        )
        command = (
            str(programs.ensure(programs.RCLONE)),
            "copy",
            *words,
            f"lab:{SOURCE}/{path}",
            f"lab:{TARGET}/{path}",
        )
        settings = {"TYPE": "s3", "PROVIDER": "SeaweedFS", "ENV_AUTH": "true", "ENDPOINT": lake.endpoint}
        remote = {f"RCLONE_CONFIG_LAB_{name}": value for name, value in settings.items()}
        return (Step("copy", command, {**aws(), **remote}),)


@dataclass(frozen=True)
class Floor:
    """See floor.py."""

    version: str
    key: str = "floor"
    name: str = "floor: CopyObject by obstore, 32 at once"

    def steps(self, lake: Lake, shape: Shape, folder: Path) -> Sequence[Step]:
        """One process."""
        path = f"{world.SCHEMA}/{shape.name}"
        command = (sys.executable, "-m", "tests.bench.lake.floor", lake.endpoint, SOURCE, TARGET, path, path)
        both = KEYS["both"]
        keys = {"BENCH_ACCESS": both.access, "BENCH_SECRET": both.secret}
        return (Step("copy", command, {**world.variables(), **keys}),)


def aws() -> dict[str, str]:
    """The environment of tools that take AWS's own variables, with the key of both buckets."""
    both = KEYS["both"]
    keys = {"AWS_ACCESS_KEY_ID": both.access, "AWS_SECRET_ACCESS_KEY": both.secret, "AWS_REGION": REGION}
    return {**environment(), "HOME": os.environ.get("HOME", "/"), **keys}


def everyone() -> list[Contender]:
    """All of them. Raises LabError when a program is not to be had."""
    return [
        Floor(f"obstore {obstore.__version__}"),
        Migrate(streamed=False),
        S5cmd(programs.version(programs.S5CMD)),
        Rclone(programs.version(programs.RCLONE)),
        Migrate(streamed=True),
    ]
