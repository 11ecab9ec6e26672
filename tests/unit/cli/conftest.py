"""The command line over two servers in memory, in a folder of its own."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

import migrate.engines
from migrate.__main__ import main
from migrate.engines.base import Engine
from migrate.engines.memory import MemoryEngine, MemoryServer
from migrate.model.plan import EndpointRef
from migrate.model.table import Storage, Table, TableName
from tests.engines.world import Row, integer, primary, reference, text

CONFIG = """\
name = "shop"
[endpoint.old]
engine = "mysql"
password = "${OLD_PASSWORD}"
[endpoint.new]
engine = "mysql"
port = 3307
password = "${NEW_PASSWORD}"
[[move]]
from = "old:shop.*"
to = "new:shop.*"
"""


class Ran(msgspec.Struct, frozen=True):
    """What one command line gave."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, object]]:
        """stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Desk:
    """A user with a configuration, and the two servers that it names."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.old = MemoryServer("memory:old")
        self.new = MemoryServer("memory:new")
        self._capsys = capsys

    def __call__(self, *argv: str) -> Ran:
        """Run `migrate argv` in this process."""
        self._capsys.readouterr()
        code = main(argv)
        captured = self._capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    def server(self, endpoint: str) -> MemoryServer:
        """old or new."""
        return {"old": self.old, "new": self.new}[endpoint]

    def rows(self, table: str) -> list[Row]:
        """Rows of a table on the target."""
        return sorted(self.new.rows(TableName("shop", table)), key=repr)


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """A command that was interrupted leaves signals ignored: its process would end now."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Customers and their orders on the old server, an empty new one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OLD_PASSWORD", "old secret")
    monkeypatch.setenv("NEW_PASSWORD", "new secret")
    made = Desk(tmp_path, capsys)
    (tmp_path / "migrate.toml").write_text(CONFIG)
    customers = Table(TableName("shop", "customers"), (integer("id"), text("name")), (primary("id"),))
    orders = Table(
        TableName("shop", "orders"),
        (integer("id"), integer("customer")),
        (primary("id"),),
        (reference("of", "customer", customers.name),),
    )
    for table, rows in ((customers, [(1, "이름"), (2, "x")]), (orders, [(number, 1) for number in range(1, 31)])):
        made.old.add_table(msgspec.structs.replace(table, storage=Storage("memory")), rows)

    @asynccontextmanager
    async def open_engines(refs: Mapping[str, EndpointRef], per_server: int) -> AsyncIterator[dict[str, Engine]]:
        assert {name: ref.password for name, ref in refs.items()}.items() <= {
            ("old", "old secret"),
            ("new", "new secret"),
        }
        yield {name: MemoryEngine(name, made.server(name), per_server) for name in refs}

    monkeypatch.setattr(migrate.engines, "open_engines", open_engines)
    return made
