"""The lake that is measured on: its servers, whose CPU seconds count, and the names that the bench uses there."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from tests.bench import measure
from tests.bench.contenders import REPOSITORY
from tests.bench.lake import data
from tests.lab.buckets import KEYS, REGION, Key, bucket
from tests.lab.lake import Lake

SCHEMA = "bench_lake"
"""The schema of both ends, and the prefix of its files in both buckets."""
LEDGER = "bench_lake_ledger"


@dataclass(frozen=True)
class Cpu:
    """CPU seconds of the store, and of both Trinos with their metastores."""

    store: float
    trino: float

    def __sub__(self, before: Cpu) -> Cpu:
        return Cpu(self.store - before.store, self.trino - before.trino)


def cpu(lake: Lake) -> Cpu:
    """Since the servers' start."""
    others = [server for end in (lake.source, lake.target) for server in (end.trino, end.metastore)]
    return Cpu(measure.server_cpu(lake.s3), sum(measure.server_cpu(server) for server in others))


def settle(lake: Lake) -> None:
    """Wait for servers and disk to be done with what was before; not for long."""
    measure.settle([lake.s3, lake.source.trino, lake.target.trino])


def empty_target(lake: Lake) -> None:
    """As before any lap: no schema and no files of the bench's at the target."""
    data.drop(lake.target, SCHEMA)
    for prefix in (SCHEMA, LEDGER):
        data.clear(lake, "target", prefix)


def configuration(lake: Lake, tables: str, user: str = "bench", url: str = "") -> str:
    """migrate.toml for a move of these tables by their files; keys come from the environment (see `variables`)."""
    ends = "".join(
        f'[endpoint.{name}]\nengine = "lake"\nhost = "{end.trino.host}"\nport = {end.trino.port}\n'
        f'user = "{user}"\n{more}'
        f'[endpoint.{name}.s3]\nendpoint = "{url or lake.endpoint}"\nregion = "{REGION}"\n'
        f'access_key = "${{BENCH_{name.upper()}_ACCESS}}"\nsecret_key = "${{BENCH_{name.upper()}_SECRET}}"\n\n'
        for name, end, more in (
            ("old", lake.source, ""),
            ("new", lake.target, f'ledger = "s3://{bucket("target")}/{LEDGER}"\n'),
        )
    )
    move = f'from = "old:hive.{SCHEMA}.{tables}"\nto = "new:hive.{SCHEMA}.*"\nmethod = "copy_files"\n'
    return f'name = "bench"\n\n{ends}[[move]]\n{move}location = "s3://{bucket("target")}/{SCHEMA}"\n'


def variables(old: Key = KEYS["both"], new: Key = KEYS["both"]) -> dict[str, str]:
    """The environment of commands of this project, with the keys of both ends."""
    paths = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
    keys = {"OLD_ACCESS": old.access, "OLD_SECRET": old.secret, "NEW_ACCESS": new.access, "NEW_SECRET": new.secret}
    return {**os.environ, "PYTHONPATH": paths, **{f"BENCH_{name}": value for name, value in keys.items()}}


def migrate(*words: str) -> tuple[str, ...]:
    """A command of this tree."""
    return (sys.executable, "-m", "migrate", *words)
