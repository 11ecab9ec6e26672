"""`python -m tests.lab up [GROUP] | prepare [GROUP ...] | down [--wipe] | status`.

`up` writes shell exports to stdout and words for a human to stderr: eval "$(python -m tests.lab up)".
Exit status: 0 done, 1 the lab cannot do it (one sentence on stderr), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Sequence

from tests.lab import Lab, LabError, Server, down, prepare, status, up
from tests.lab.buckets import ENDS, KEYS, bucket
from tests.lab.definitions import HOST, SERVERS, package_of
from tests.lab.home import home, say
from tests.lab.kinds import NoAnswer, kind_of_record
from tests.lab.package import LABELS


def exports(lab: Lab) -> list[str]:
    """Shell lines that export where each server is, such as `export MIGRATE_LAB_SOURCE_PORT=3306`."""
    lines = []
    for server in lab.servers.values():
        values = {"HOST": server.host, "PORT": str(server.port)}
        match server.vendor:
            case "mysql" | "mariadb":
                values |= {"USER": server.user, "PASSWORD": server.password, "SOCKET": server.socket}
            case "trino":
                values["USER"] = server.user
            case "seaweedfs":
                values["ENDPOINT"] = f"http://{server.host}:{server.port}"
                values |= {f"{end.upper()}_BUCKET": bucket(end) for end in ENDS}
                for name, key in KEYS.items():
                    values |= {f"{name.upper()}_ACCESS_KEY": key.access, f"{name.upper()}_SECRET_KEY": key.secret}
        for name, value in values.items():
            lines.append(f"export MIGRATE_LAB_{server.name.upper()}_{name}={shlex.quote(value)}")
    return lines


def words_of(server: Server) -> str:
    """One line about a server for a human."""
    words = f"{server.name}: {LABELS[server.vendor]} {server.version} on {server.host}:{server.port}"
    if server.password:
        words += f", user {server.user}, password {server.password} (root: {server.root_password})"
    return words


def status_lines() -> list[str]:
    """One line a server: name, version, address, pid and whether it answers; private servers after the others."""
    records = {record.key: record for record in status()}
    lines = [f"{'NAME':<20} {'VERSION':<20} {'ADDRESS':<16} {'PID':>8}  STATE"]
    versions = {definition.name: definition.package.version for definition in SERVERS}
    versions.update({key: record.version for key, record in records.items()})
    for key, version in versions.items():
        record = records.get(key)
        address, pid, state = "-", "-", "down"
        if record is not None and record.running:
            address, pid, state = f"{HOST}:{record.port}", str(record.process.pid), "up"
            try:
                kind_of_record(record).answers(record)
            except NoAnswer as error:
                state = f"runs but does not answer: {error}"
        title = f"{LABELS[package_of(version).vendor]} {version}"
        lines.append(f"{key:<20} {title:<20} {address:<16} {pid:>8}  {state}")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description="Real servers for tests.")
    commands = parser.add_subparsers(dest="command", required=True)
    up_parser = commands.add_parser("up", help="start servers and print where they are")
    words = "mysql (the default), mariadb, all (both of these) or lake"
    up_parser.add_argument("group", nargs="?", default="mysql", help=words)
    prepare_parser = commands.add_parser("prepare", help="download and unpack what up needs, and start nothing")
    prepare_parser.add_argument("groups", nargs="*", default=["mysql"], help="groups as of up")
    down_parser = commands.add_parser("down", help="end every server that up started")
    down_parser.add_argument("--wipe", action="store_true", help="also delete the servers' data")
    commands.add_parser("status", help="what is up")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        if chosen.command == "up":
            lab = up(chosen.group)
            for server in lab.servers.values():
                say(words_of(server))
            say(f"up after {time.monotonic() - started:.2f} s in {home()}")
            print("\n".join(exports(lab)))
        elif chosen.command == "prepare":
            for group in chosen.groups:
                prepare(group)
            say(f"{' and '.join(chosen.groups)} can start, after {time.monotonic() - started:.1f} s")
        elif chosen.command == "down":
            ended = down(wipe=chosen.wipe)
            say(f"ended {', '.join(ended)} in {time.monotonic() - started:.1f} s" if ended else "nothing was up")
        else:
            print("\n".join(status_lines()))
    except LabError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
