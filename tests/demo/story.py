"""The demo's story, from an empty pair of servers to two equal ones, and what it says about it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pymysql

from tests.demo import audit, shop
from tests.demo.command import Migrate, Ran
from tests.lab import Server, client

SCHEMA = "shop"
PLAN = "shop.toml"
PASSWORDS = ("SHOP_OLD_PASSWORD", "SHOP_NEW_PASSWORD")
KILL_SHARE = 0.3  # of all rows, for `kill`


@dataclass
class Story:
    """What happened: every command that ran, and each thing that was not as it should be, one sentence each."""

    ran: list[Ran] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    applied: list[Ran] = field(default_factory=list)  # the applies that moved rows, the killed one first


def configuration(source: Server, target: Server) -> str:
    """migrate.toml for the two servers; the passwords are in the environment."""
    lines = ["# Written by `make demo`.", f'name = "{SCHEMA}"']
    for name, server, password in (("old", source, PASSWORDS[0]), ("new", target, PASSWORDS[1])):
        lines += ["", f"[endpoint.{name}]", 'engine = "mysql"', f'host = "{server.host}"', f"port = {server.port}"]
        lines += [f'user = "{server.user}"', f'password = "${{{password}}}"']
    lines += ["", "[[move]]", f'from = "old:{SCHEMA}.*"', f'to = "new:{SCHEMA}.*"', ""]
    return "\n".join(lines)


def tell(source: Server, target: Server, folder: Path, *, scale: float, kill: bool) -> bool:
    """Make the shop, move it with the real command in `folder` (made anew), check both sides and print it all.

    True when every command ended as it should and both sides are equal. Raises ScriptError and
    pymysql.err.MySQLError when the servers do not do what the demo asks of them.
    """
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / "migrate.toml").write_text(configuration(source, target), encoding="utf-8")
    say(f"a MySQL {source.version} as the source on port {source.port}, another as the target on port {target.port}")
    made = shop.make(source, SCHEMA, scale)
    say(f"made the database `{SCHEMA}` on the source: {describe(made)}")
    say(f"the configuration is {folder / 'migrate.toml'}; the commands below run in that folder")

    migrate = Migrate(folder, dict(zip(PASSWORDS, (source.password, target.password), strict=True)))
    story = move(migrate, Watch(target, round(made.rows * KILL_SHARE)) if kill else None)
    print()
    if story.wrong:
        say("stopped: " + "; ".join(story.wrong))
        return False
    started = time.monotonic()
    wrong = audit.differences(audit.facts(source, SCHEMA), found := audit.facts(target, SCHEMA))
    print("\n".join(report(made, story, found, wrong, time.monotonic() - started)), flush=True)
    return not wrong


def move(migrate: Migrate, kill: Watch | None) -> Story:
    """Run the commands one after the other; the first that ends with another exit code than it should is the last."""
    story = Story()

    def run(*words: str, code: int = 0) -> Ran | None:
        if story.wrong:
            return None
        return _ended(story, migrate.run(*words), code)

    run("plan", "-c", "migrate.toml", "-o", PLAN)
    run("show", PLAN)
    if kill is not None and not story.wrong:
        killed, ran = migrate.run_killed("apply", PLAN, when=kill.reached)
        _ended(story, ran, -9 if killed else 0)
        story.applied.append(ran)
        if killed:
            say(f"sent SIGKILL to apply after {ran.seconds:.1f} s; {kill.rows():,} rows are committed on the target")
            run("status", PLAN)
        else:
            say("apply was done before it could be killed: try a larger --scale")
    applied = run("apply", PLAN)
    if applied is not None:
        story.applied.append(applied)
    run("verify", PLAN)
    run("plan", "-c", "migrate.toml", "-o", "again.toml", "--detailed-exitcode")  # 2 if it finds changes
    run("apply", PLAN)
    return story


def _ended(story: Story, ran: Ran, code: int) -> Ran:
    story.ran.append(ran)
    if ran.code != code:
        story.wrong.append(f"`migrate {' '.join(ran.words)}` ended with {ran.code}, not with {code}")
    return ran


@dataclass
class Watch:
    """Tells when the target has `enough` rows of the shop, seen from outside."""

    target: Server
    enough: int

    def reached(self) -> bool:
        """Whether that many rows are committed."""
        return self.rows() >= self.enough

    def rows(self) -> int:
        """The rows of all tables that are there, those of the tool's own left out."""
        with client.connect(self.target) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND table_name NOT LIKE %s "
                "AND table_type = 'BASE TABLE'",
                (SCHEMA, r"\_m%"),
            )
            total = 0
            for (name,) in cursor.fetchall():
                try:
                    cursor.execute(f"SELECT COUNT(*) FROM `{SCHEMA}`.`{name}`")
                except pymysql.err.ProgrammingError:  # dropped or renamed since the names were read
                    continue
                total += int((cursor.fetchone() or (0,))[0])
        return total


def report(made: shop.Shop, story: Story, found: audit.Facts, wrong: Sequence[str], check_seconds: float) -> list[str]:
    """The closing lines: each command with its seconds, how fast the rows moved, what the check found."""
    lines = ["What happened (wall seconds of each command, its start included):"]
    width = max(len(" ".join(ran.words)) for ran in story.ran)
    for ran in story.ran:
        extra = ""
        if ran in story.applied:
            extra = "killed on the way" if ran.code < 0 else "the rows moved and were verified"
        lines.append(f"  migrate {' '.join(ran.words):<{width}} {ran.seconds:5.1f} s  {extra}".rstrip())
    seconds = sum(ran.seconds for ran in story.applied)
    lines.append(
        f"Moved {describe(made, seconds=False)} in {seconds:.1f} s of apply, schema, indexes, foreign keys and "
        f"verification included: {made.rows / seconds:,.0f} rows/s, {made.data_bytes / 1e6 / seconds:.1f} MB/s of data."
    )
    lines.append(
        f"Checked without migrate in {check_seconds:.1f} s: {sum(found.rows.values()):,} rows of {len(found.rows)} "
        "tables counted and checksummed on both servers; columns, indexes, checks and partitions compared; "
        f"{len(found.orphans)} foreign keys compared and searched for orphans; "
        + ", ".join(f"{len(found.structure[kind])} {many}" for kind, many in audit.OTHERS.items())
        + " compared."
    )
    if wrong:
        lines.append(f"NOT EQUAL, {len(wrong)} differences:")
        lines += [f"  {difference}" for difference in wrong]
    else:
        lines.append("Both sides are equal.")
    return lines


def describe(made: shop.Shop, *, seconds: bool = True) -> str:
    """The shop in words; bytes are InnoDB's, in MB of 1,000,000."""
    size = f"{made.tables} tables, {made.rows:,} rows, {made.data_bytes / 1e6:.0f} MB of data and "
    size += f"{made.index_bytes / 1e6:.0f} MB of secondary indexes"
    return f"{size}, in {made.seconds:.1f} s" if seconds else size


def say(words: str) -> None:
    """One line of the demo's own."""
    print(f"demo: {words}", flush=True)
