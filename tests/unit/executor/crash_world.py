"""A small world in memory whose processes can die: what is on disk is copied at that moment, the rest is lost."""

from __future__ import annotations

import asyncio
import copy
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from migrate.engines.base import Engine
from migrate.engines.memory import MemoryEngine, MemoryServer
from migrate.engines.memory.executors import Executor
from migrate.engines.memory.faults import Point
from migrate.engines.memory.inspect import catalog
from migrate.engines.memory.store import StoredTable
from migrate.engines.memory.values import Row
from migrate.executor.run import ApplyOptions, apply
from migrate.model.pattern import all_of
from migrate.model.plan import EndpointRef, Move, Plan
from migrate.model.progress import Outcome, StepFailed
from migrate.model.table import ForeignKey, Index, Storage, StoredObject, Table, TableName
from migrate.planner.build import PlanRequest, make_plan
from migrate.state import State
from tests.engines.world import index, integer, primary, reference, table, text

Side = Literal["old", "new"]

ITEMS = TableName("a", "items")
OWNERS = TableName("a", "owners")
LOG = TableName("a", "log")


def _memory(made: Table, *, transactional: bool = True) -> Table:
    return Table(made.name, made.columns, made.indexes, made.foreign_keys, storage=Storage("memory", transactional))


def _keyed(name: str, count: int, *more: Index | ForeignKey) -> tuple[Table, list[Row]]:
    made = table("a", name, integer("id"), integer("ref", nullable=True), text("t"), primary("id"), *more)
    return made, [(n * 2, (n % count) * 2 if n % 3 else None, f"{name} {n}") for n in range(count)]


def source_tables() -> list[tuple[Table, list[Row]]]:
    """Two tables in a cycle, a deferred index, a counter above its rows, tables without key, without transactions."""
    owners, owner_rows = _keyed("owners", 9, reference("owner_item", "ref", ITEMS))
    items, item_rows = _keyed("items", 14, index("plain", "by_t", "t"), reference("item_owner", "ref", OWNERS))
    selfish, selfish_rows = _keyed("selfish", 7, reference("self", "ref", TableName("a", "selfish")))
    counted = table("a", "counted", integer("id", auto_increment=True), text("t"), primary("id"))
    keyless = table("a", "keyless", integer("n"), text("t"))
    plain = table("a", "plain", integer("id"), text("t"), primary("id"))
    known = table("a", "known", integer("id"), text("t"), primary("id"), index("unique", "u", "t"))
    log = table("a", "log", integer("n"), text("t"))
    doubled: list[Row] = [(n % 4, "twice") for n in range(12)]
    return [
        (_memory(owners), [(n, ref if ref is None or int(str(ref)) < 28 else None, t) for n, ref, t in owner_rows]),
        (_memory(items), [(n, ref if ref is None or int(str(ref)) < 18 else None, t) for n, ref, t in item_rows]),
        (_memory(selfish), selfish_rows),
        (_memory(counted), [(n, f"c{n}") for n in range(1, 8)]),
        (_memory(keyless), doubled),
        (_memory(plain, transactional=False), [(n, f"p{n}") for n in range(11)]),
        (_memory(log, transactional=False), doubled),
        (_memory(known), [(n, f"k{n}") for n in range(9)]),
        (_memory(table("a", "empty", integer("id"), primary("id"))), []),
    ]


def other_rows() -> list[Row]:
    """What the target has in `known`: values of two rows swapped, a row less, another value, and two of its own."""
    swapped = {2: "k7", 7: "k2", 4: "other"}
    return [*((n, swapped.get(n, f"k{n}")) for n in range(9) if n != 5), (20, "own"), (21, "k5")]


def without_its_key(made: Table) -> tuple[Table, list[Row]]:
    """`known` as it may stand on the target: without the unique key, which its rows break, and with others."""
    others = (primary("id"), index("plain", "by_id", "id"), index("plain", "by_t", "t"))
    return Table(TableName("b", "known"), made.columns, others, storage=made.storage), [*other_rows(), (22, "k1")]


def source_stored() -> list[StoredObject]:
    """A function, a view on a view, two triggers in order, an event that runs and one that does not."""
    before: dict[str, Any] = {"table": "owners", "timing": "BEFORE", "event": "INSERT"}
    return [
        StoredObject("function", TableName("a", "half"), "body of half"),
        StoredObject("view", TableName("a", "z_below"), "reads a.items"),
        StoredObject("view", TableName("a", "above"), "reads a.z_below"),
        StoredObject("trigger", TableName("a", "second"), "second", order=2, **before),
        StoredObject("trigger", TableName("a", "first"), "first", order=1, **before),
        StoredObject("event", TableName("a", "nightly"), "every night"),
        StoredObject("event", TableName("a", "resting"), "never", enabled=False),
    ]


def target_stored() -> list[StoredObject]:
    """An older function, a trigger that would fire while rows are loaded, and an event of an older text."""
    about: dict[str, Any] = {"table": "items", "timing": "AFTER", "event": "INSERT"}
    return [
        StoredObject("function", TableName("b", "half"), "older body"),
        StoredObject("trigger", TableName("b", "audit"), "only here", "root@%", order=1, **about),
        StoredObject("event", TableName("b", "nightly"), "every day"),
    ]


def without_index(made: Table, schema: str) -> Table:
    """The table as it may stand on the target before: empty, a column short, without indexes and foreign keys."""
    indexes = tuple(one for one in made.indexes if one.kind == "primary")
    columns = made.columns[:-1] if made.name.name == "items" else made.columns
    return Table(TableName(schema, made.name.name), columns, indexes, (), storage=made.storage)


class World:
    """Both servers and the state file's folder, at one moment. `plan` is made once, before anything was applied."""

    def __init__(self, old: MemoryServer, new: MemoryServer, folder: Path, plan: Plan) -> None:
        self.servers: dict[Side, MemoryServer] = {"old": old, "new": new}
        self.folder = folder
        self.plan = plan

    @classmethod
    def fresh(cls, folder: Path, existing: tuple[str, ...] = ("items",)) -> World:
        """Nothing applied yet; the tables of `existing` stand on the target, empty (but `known`)."""
        old, new = MemoryServer("memory:1"), MemoryServer("memory:2")
        for made, rows in source_tables():
            old.add_table(made, rows)
            if made.name.name == "known" and "known" in existing:
                new.add_table(*without_its_key(made))
            elif made.name.name in existing:
                new.add_table(without_index(made, "b"))
            elif made.name.name == "known" and existing:
                new.add_table(
                    Table(TableName("b", "known"), made.columns, made.indexes, storage=made.storage), other_rows()
                )
        old.stored = source_stored()
        if "items" in existing:
            new.stored = target_stored()
        old.tables[TableName("a", "counted")].set_counter(100)
        move = Move(from_="old:a.*", to="new:b.*", prune=("b.known",))
        request = PlanRequest("crash", {"old": EndpointRef("memory"), "new": EndpointRef("memory")}, (move,))
        engines: dict[str, Engine] = {"old": MemoryEngine("old", old), "new": MemoryEngine("new", new)}
        plan = asyncio.run(make_plan(request, engines))
        folder.mkdir()
        return cls(old, new, folder, plan)

    def disk(self, folder: Path) -> World:
        """What would be left if every process died now; what the target is working on goes on there."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("*.lock"))
        return World(_disk(self.servers["old"]), _disk(self.servers["new"]), folder, self.plan)

    def lose_state(self) -> None:
        """The state file and its journal are deleted."""
        for path in self.folder.iterdir():
            path.unlink()

    async def crash(self, side: Side, point: Point, nth: int, parallelism: int, folder: Path) -> World | Outcome:
        """Apply until the `nth` passing of `point` there, and die. The Outcome when it ended before."""
        gate = self.servers[side].hold_at(point, nth)
        running = asyncio.create_task(self.run(parallelism))
        reached = asyncio.create_task(gate.reached())
        await asyncio.wait((running, reached), return_when=asyncio.FIRST_COMPLETED)
        if not reached.done():
            reached.cancel()
            outcome = await running
            self.servers[side].faults.forget()  # or a later run would stand at the gate for ever
            return outcome
        left = self.disk(folder)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        return left

    def apply(self, parallelism: int = 4, failing: bool = False) -> Outcome:
        """The same, in a process of its own. Raises what apply raises."""
        return asyncio.run(self.run(parallelism, failing))

    async def run(self, parallelism: int, failing: bool = False) -> Outcome:
        """Apply to the end; a step fails only when `failing`."""
        engines: dict[str, Engine] = {side: MemoryEngine(side, server) for side, server in self.servers.items()}
        options = ApplyOptions("crash.toml", parallelism=parallelism)
        outcome: Outcome | None = None
        with State.open(self.folder / "state.db") as state:
            async for event in apply(self.plan, engines, state, options, asyncio.Event()):
                assert failing or not isinstance(event, StepFailed), event
                if isinstance(event, Outcome):
                    outcome = event
        assert outcome is not None
        return outcome

    def move_on(self) -> None:
        """The source is written to: in every table with rows one goes, one changes, and one comes."""
        for name, stored in self.servers["old"].tables.items():
            if len(stored.rows) > 2:
                first, second, *others = stored.rows
                new = (*others[-1][:-1], "new")
                if any(one.kind == "primary" for one in stored.table.indexes):
                    number = 1000 + len(stored.rows) + int(str(others[-1][0]))
                    new = (number, *new[1:-1], f"new {number}")
                stored.replace([(*second[:-1], f"changed in {name.name} {second[0]!r}"), *others, new])
                assert first not in stored.rows or name.name in ("keyless", "log")

    def rows(self, side: Side) -> dict[str, list[Row]]:
        """Every table's rows, sorted; a row that is there twice stands there twice."""
        tables = self.servers[side].tables
        return {name.name: sorted(stored.rows, key=repr) for name, stored in tables.items()}

    def shapes(self, side: Side) -> dict[str, tuple[tuple[str, ...], tuple[str, ...], int]]:
        """Every table's indexes, foreign keys and counter; a name that is there twice stands there twice."""
        return {
            name.name: (
                tuple(sorted(one.name for one in stored.table.indexes)),
                tuple(sorted(one.name for one in stored.table.foreign_keys)),
                stored.counter,
            )
            for name, stored in self.servers[side].tables.items()
        }

    def stored(self, side: Side) -> list[tuple[str, str, str, int, bool]]:
        """What matters of every stored object."""
        there = catalog(self.servers[side], [all_of(side, "a" if side == "old" else "b")]).stored
        found = [(s.kind, s.name.name, s.text, s.order, s.enabled) for s in there]
        return sorted(one for one in found if one[1] != "audit")


def _disk(server: MemoryServer) -> MemoryServer:
    """Committed rows and lines, and the statements at work; locks and sessions die with their process."""
    left = MemoryServer(server.identity)
    left.schemas = dict(server.schemas)
    for name, stored in server.tables.items():
        left.tables[name] = StoredTable(stored.table)
        left.tables[name].add(list(stored.rows))
        left.tables[name].set_counter(stored.counter)
    left.stored = list(server.stored)
    left.ledgers = copy.deepcopy(server.ledgers)
    working = [one for one in server.executors.running if one.statement is not None]
    left.executors.running = [Executor(one.tag, one.statement, one.session) for one in working]
    return left
