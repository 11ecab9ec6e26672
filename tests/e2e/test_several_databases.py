"""Several databases and pairs of servers in one plan: in parallel, fair, and no database pays for another's fault."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import Migrate, Ran
from tests.e2e.equality import assert_equal
from tests.e2e.world import account, count
from tests.lab import Lab, Server, client, extra, kill9, restart
from tests.sample import sampled

PLAN = "plans/fleet.toml"
SAFE = "SELECT IFNULL(SUM(row_count),0) FROM `{}`._migrate_ledger WHERE kind = 'chunk'"
SUMS = "SELECT COUNT(*),SUM(CRC32(CONCAT_WS(',',id,a,HEX(b)))) FROM `{}`.{}"
BIG = 28_000
"""Rows of a big table: 56 MB, two ranges of the key and some ten chunks."""


@dataclass(frozen=True)
class Database:
    """One schema that moves: `east:shop` to `east_new:store`, its servers found in the fleet by these names."""

    source: str
    schema: str
    target: str
    goal: str
    big: tuple[str, ...] = ()
    """Its tables, where they are too large to be compared cell by cell."""

    def __str__(self) -> str:
        return f"{self.target}:{self.goal}"


@dataclass
class Fleet:
    """Servers by the names of their endpoints, and the databases that move between them."""

    migrate: Migrate
    servers: dict[str, Server]
    databases: list[Database] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=dict)

    def configure(self, parallelism: int = 8, per_server: int = 4) -> None:
        """Write migrate.toml: every server an endpoint, every database a move."""
        text = 'name = "fleet"\n'
        for name, server in self.servers.items():
            text += f'\n[endpoint.{name}]\nengine = "mysql"\nhost = "{server.host}"\nport = {server.port}\n'
            text += f'user = "{self.users.get(name, server.user)}"\npassword = "${{OLD_SECRET}}"\n'
        for one in self.databases:
            text += f"\n[[move]]\nfrom = {json.dumps(f'{one.source}:{one.schema}.*')}\n"
            text += f"to = {json.dumps(f'{one.target}:{one.goal}.*')}\n"
        text += f"\n[options]\nparallelism = {parallelism}\nper_server = {per_server}\n"
        (self.migrate.folder / "migrate.toml").write_text(text)

    def plan(self) -> None:
        self.migrate.must("plan")

    def apply(self, *words: str) -> Ran:
        return self.migrate("apply", PLAN, "--json", *words)

    def assert_moved(self, *databases: Database) -> None:
        """Both sides of each are equal, by a look that has nothing of migrate in it."""
        for one in databases or self.databases:
            here, there = self.servers[one.source], self.servers[one.target]
            for table in one.big:
                wanted, found = (client.rows(*side) for side in _sums(here, there, one, table))
                assert wanted == found, f"{one}.{table}"
            if not one.big:
                assert_equal(here, one.schema, there, one.goal)

    def safe(self, one: Database) -> int:
        """Rows of a database that the target's ledger calls safe."""
        return count(self.servers[one.target], SAFE.format(one.goal))

    def finishes(self) -> None:
        """The same command again ends well, everything is equal, and there is nothing left to plan."""
        ran = self.apply()
        assert ran.code == 0, ran.text
        self.assert_moved()
        assert "Equal: " in self.migrate.must("verify", PLAN).out
        (again,) = self.migrate.must("plan", "--json", "-o", "again.toml").of("plan")
        assert again["steps"] == 0


def _sums(here: Server, there: Server, one: Database, table: str) -> tuple[tuple[Server, str], tuple[Server, str]]:
    return (here, SUMS.format(one.schema, table)), (there, SUMS.format(one.goal, table))


@dataclass(frozen=True)
class Story:
    """What an apply told, in order."""

    events: Sequence[dict[str, object]]

    @classmethod
    def of(cls, ran: Ran) -> Story:
        return cls(ran.records)

    def at(self, kind: str, step: str) -> list[int]:
        """Where in the story this kind of event is told of steps that begin like that."""
        return [
            place
            for place, event in enumerate(self.events)
            if event["type"] == kind and str(event.get("step", "")).startswith(step)
        ]

    def done(self, one: Database, what: str) -> list[int]:
        return self.at("step_done", f"{what}:{one}.")

    def spans(self, one: Database) -> list[tuple[int, int]]:
        """Begin and end of each load of a database."""
        begun = self.at("step_started", f"load-rows:{one}.")
        return list(zip(begun, self.done(one, "load-rows"), strict=True))

    @property
    def failures(self) -> list[str]:
        return [str(event["step"]) for event in self.events if event["type"] == "step_failed"]

    @property
    def outcome(self) -> dict[str, object]:
        return self.events[-1]


SHOP = """
CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80), KEY (name));
CREATE TABLE orders (id INT PRIMARY KEY, customer INT, FOREIGN KEY (customer) REFERENCES customer (id));
CREATE TABLE log (line VARCHAR(80));
INSERT INTO customer VALUES (1,'{0} a'),(2,'{0} 이름');
INSERT INTO orders VALUES (1,1),(2,2),(3,NULL);
INSERT INTO log VALUES ('{0} x'),('{0} x'),('{0} y')"""


def fill_shop(server: Server, schema: str) -> None:
    """Three tables with a foreign key, different rows in every database."""
    for statement in SHOP.format(schema).split(";\n"):
        client.rows(server, statement, database=schema)


def fill_big(server: Server, schema: str, tables: Sequence[str]) -> None:
    """Tables whose load takes seconds."""
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SET cte_max_recursion_depth = 10000000")
        numbers = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {BIG})"
        for table in tables:
            cursor.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, a VARCHAR(40), b VARBINARY(2000))")
            cursor.execute(f"INSERT INTO {table} {numbers} SELECT i,MD5(i),REPEAT(UNHEX(MD5(-i)),125) FROM n")


@pytest.fixture
def fleet(migrate: Migrate, lab: Lab) -> Fleet:
    """Two sources and two targets, of three versions; nothing moves yet."""
    servers = {"east": lab.source, "west": lab.old, "east_new": lab.target, "west_new": lab.new}
    return Fleet(migrate, servers)


@pytest.fixture
def add(fleet: Fleet, fresh_schemas: FreshSchemas) -> Adding:
    return Adding(fleet, fresh_schemas)


@dataclass(frozen=True)
class Adding:
    """Puts a database on a source and lets it move."""

    fleet: Fleet
    fresh_schemas: FreshSchemas

    def __call__(self, source: str, target: str, label: str, big: tuple[str, ...] = ()) -> Database:
        schema = self.fresh_schemas(f"several_{label}", self.fleet.servers[source])
        one = Database(source, schema, target, self.fresh_schemas(f"several_{label}_to"), big)
        self.fleet.databases.append(one)
        return one

    def shop(self, source: str, target: str, label: str = "shop") -> Database:
        one = self(source, target, label)
        fill_shop(self.fleet.servers[source], one.schema)
        return one

    def big(self, source: str, target: str, *tables: str) -> Database:
        one = self(source, target, "big", tables)
        fill_big(self.fleet.servers[source], one.schema, tables)
        return one


# -- one plan ----------------------------------------------------------------------------------------------------------


def test_databases_of_two_sources_go_to_two_targets_in_one_plan(fleet: Fleet, add: Adding) -> None:
    """Straight and crosswise, two sources into one target and one source into two."""
    for source in ("east", "west"):
        for target in ("east_new", "west_new"):
            add.shop(source, target)
    fleet.configure()
    fleet.plan()
    ran = fleet.apply()
    assert ran.code == 0, ran.text
    story = Story.of(ran)
    for one in fleet.databases:
        assert len(story.done(one, "load-rows")) == len(story.done(one, "verify")) == 3
    fleet.assert_moved()
    again = fleet.migrate("apply", PLAN)
    assert (again.code, again.out) == (0, "Nothing to do: this plan was applied before.\n"), again.text
    fleet.finishes()


def test_servers_of_both_vendors_take_part_in_one_plan(fleet: Fleet, add: Adding, maria11: Server) -> None:
    """MySQL to MariaDB and back, beside a move between two MySQL servers, from the same source to the same target."""
    fleet.servers["maria"] = maria11
    there, back, straight = (
        add.shop(source, target) for source, target in (("east", "maria"), ("maria", "east_new"), ("east", "east_new"))
    )
    fleet.configure()
    fleet.plan()
    ran = fleet.apply()
    assert ran.code == 0, ran.text
    for one in (there, back, straight):
        for table, columns in (("customer", "id,name"), ("orders", "id,customer"), ("log", "line")):
            query = f"SELECT {columns} FROM `{{}}`.{table} ORDER BY {columns}"
            wanted = client.rows(fleet.servers[one.source], query.format(one.schema))
            assert client.rows(fleet.servers[one.target], query.format(one.goal)) == wanted != []
    again = fleet.migrate.must("plan", "--json", "-o", "again.toml").of("plan")
    assert [plan["steps"] for plan in again] == [0]


def test_pairs_of_servers_are_loaded_at_the_same_time(fleet: Fleet, add: Adding) -> None:
    east, west = add.big("east", "east_new", "t1"), add.big("west", "west_new", "t1")
    fleet.configure()
    fleet.plan()
    ran = fleet.apply()
    assert ran.code == 0, ran.text
    story = Story.of(ran)
    (here,), (there,) = story.spans(east), story.spans(west)
    assert max(here[0], there[0]) < min(here[1], there[1]), "one began after the other had ended"
    for load, other in ((here, east), (there, west)):
        chunks = [place for place in story.at("chunk_done", f"load-rows:{other}.") if load[0] < place < load[1]]
        assert chunks
    fleet.assert_moved()


# -- fair --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parallelism", "per_server", "target"), [(8, 4, "west_new"), (2, 4, "west_new"), (8, 2, "east_new")]
)
def test_a_small_database_does_not_wait_for_a_big_one_of_another_server(
    fleet: Fleet, add: Adding, parallelism: int, per_server: int, target: str
) -> None:
    """It is proven before the big one has half of its rows, also where the big one alone could take every slot.

    Every slot of the run, or of the target that both go to.
    """
    big = add.big("east", "east_new", "t1", "t2", "t3")
    small = add.shop("west", target)
    fleet.configure(parallelism, per_server)
    fleet.plan()
    ran = fleet.apply()
    assert ran.code == 0, ran.text
    story = Story.of(ran)
    chunks = story.at("chunk_done", f"load-rows:{big}.")
    last_proof = max(story.done(small, "verify"))
    before = sum(1 for place in chunks if place < last_proof)
    assert before < len(chunks) / 2, f"{before} of {len(chunks)} chunks of the big database came first"
    assert max(story.at("step_done", "add-foreign-keys:")) < max(story.done(big, "load-rows"))
    fleet.assert_moved()


# -- a fault in one database -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Faulty:
    """A database whose target takes no rows, and how to mend it; and the others, which nothing is wrong with."""

    bad: Database
    good: tuple[Database, ...]
    user: str

    def mend(self, fleet: Fleet) -> None:
        client.rows(fleet.servers["east_new"], f"GRANT INSERT ON `{self.bad.goal}`.* TO {self.user}", root=True)


@contextmanager
def one_refuses_rows(fleet: Fleet, add: Adding) -> Iterator[Faulty]:
    """The account may not insert into one schema of one target: the same server takes the rows of another one."""
    bad = add.shop("east", "east_new", "bad")
    good = (add.shop("east", "east_new"), add.shop("west", "east_new"), add.shop("west", "west_new"))
    with account(fleet.servers["east_new"], "several_plain") as user:
        server = fleet.servers["east_new"]
        rights = "SELECT,CREATE,ALTER,DROP,INDEX,DELETE,UPDATE,REFERENCES,TRIGGER,CREATE VIEW,SHOW VIEW"
        client.rows(server, f"CREATE DATABASE `{bad.goal}`", root=True)
        for one in fleet.databases:
            if one.target == "east_new":
                granted = rights if one is bad else "ALL"
                client.rows(server, f"GRANT {granted} ON `{one.goal}`.* TO {user}", root=True)
        client.rows(server, f"CREATE TABLE `{bad.goal}`.here_before (id INT PRIMARY KEY)", root=True)
        client.rows(server, f"GRANT ALL ON `{bad.goal}`._migrate_ledger TO {user}", root=True)
        fleet.users["east_new"] = user
        yield Faulty(bad, good, user)


def test_with_continue_a_fault_in_one_database_stops_no_other(fleet: Fleet, add: Adding) -> None:
    with one_refuses_rows(fleet, add) as faulty:
        fleet.configure()
        fleet.plan()
        ran = fleet.apply("--on-error", "continue")
        assert ran.code == 3, ran.text
        story = Story.of(ran)
        assert story.failures
        assert all(f"{faulty.bad}." in step for step in story.failures), ran.text
        for one in faulty.good:
            assert len(story.done(one, "load-rows")) == len(story.done(one, "verify")) == 3, ran.text
        fleet.assert_moved(*faulty.good)
        status = fleet.migrate.must("status", PLAN).out
        assert all(f"{faulty.bad}." in line for line in status.splitlines()[:-1]), "nothing else is left"
        faulty.mend(fleet)
        client.rows(fleet.servers["east_new"], f"DROP TABLE `{faulty.bad.goal}`.here_before", root=True)
        fleet.finishes()


def test_with_stop_it_stops_them_all_and_resume_does_the_rest(fleet: Fleet, add: Adding) -> None:
    with one_refuses_rows(fleet, add) as faulty:
        big = add.big("west", "west_new", "t1", "t2")
        fleet.configure()
        fleet.plan()
        ran = fleet.apply("--on-error", "stop")
        assert ran.code == 3, ran.text
        story = Story.of(ran)
        assert story.failures
        assert int(str(story.outcome["not_started"])) > 0
        assert story.done(big, "verify") == [], "the fault came long before the big tables could be there"
        faulty.mend(fleet)
        client.rows(fleet.servers["east_new"], f"DROP TABLE `{faulty.bad.goal}`.here_before", root=True)
        fleet.finishes()


# -- a server that dies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dying", sampled(["west", "west_new"], 1))
def test_with_continue_a_server_that_dies_stops_no_other_pair(fleet: Fleet, add: Adding, dying: str) -> None:
    with extra("several-dies") as private:
        fleet.servers[dying] = private
        doomed = add.big("west", "west_new", "t1", "t2")
        well = add.big("east", "east_new", "t1", "t2")
        fleet.configure()
        fleet.plan()
        words = ("apply", PLAN, "--json", "--on-error", "continue")
        child = fleet.migrate.start(*words)
        try:
            while fleet.safe(doomed) == 0:
                assert child.poll() is None, "it ended before the server died"
            kill9(private)
            assert fleet.safe(well) < 2 * BIG, "it died too late to be in anybody's way"
            ran = fleet.migrate.ended(child, words)
        finally:
            child.kill()
        assert ran.code == 3, ran.text
        story = Story.of(ran)
        assert story.failures
        assert all(f"{doomed}." in step for step in story.failures), ran.text
        assert len(story.done(well, "load-rows")) == len(story.done(well, "verify")) == 2, ran.text
        assert not story.done(doomed, "verify")
        fleet.assert_moved(well)
        restart(private)
        fleet.finishes()
