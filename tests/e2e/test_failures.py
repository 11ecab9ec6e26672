"""What a user can do wrong, and what can happen to servers: one clear sentence, the right exit code, nothing lost."""

from __future__ import annotations

import socket

import pytest

from tests.e2e.command import PLAN, Migrate, refused, stopped
from tests.e2e.world import World, account, fill, fill_much
from tests.lab import client, extra, restart

# -- the command line and its files --------------------------------------------------------------------------------


def test_an_unknown_command_is_wrong_usage_with_the_nearest_one(migrate: Migrate) -> None:
    refused(migrate("aply", PLAN), 64, "'aply'", "did you mean apply?")


def test_an_unknown_option_is_wrong_usage_with_the_nearest_one(migrate: Migrate) -> None:
    refused(migrate("apply", PLAN, "--paralelism", "3"), 64, "--paralelism", "did you mean --parallelism?")


def test_a_missing_plan_is_named(migrate: Migrate) -> None:
    for command in ("apply", "show", "check", "status", "verify"):
        refused(migrate(command, "plans/nothing.toml"), 66, "plans/nothing.toml", "migrate plan")


def test_a_missing_configuration_is_named(migrate: Migrate) -> None:
    refused(migrate("plan", "-c", "nothing.toml"), 66, "nothing.toml")


def test_broken_toml_is_refused_with_its_line(world: World) -> None:
    path = world.migrate.folder / "migrate.toml"
    lines = path.read_text().splitlines()
    lines[4] = "host = 127.0.0.1"
    path.write_text("\n".join(lines))
    refused(world.migrate("plan"), 78, "migrate.toml", "line 5")


def test_an_unknown_key_is_refused_with_its_place_and_the_nearest_key(world: World) -> None:
    world.configure(move='exclud = ["*.x"]\n')
    refused(world.migrate("plan"), 78, "$.move[0].exclud", "'exclude'")


def test_a_password_written_out_is_refused_and_not_shown(world: World) -> None:
    world.configure(old_password='"wrong-secret"')
    refused(world.migrate("plan"), 78, "$.endpoint.old.password", "OLD_PASSWORD")


def test_a_password_whose_variable_is_not_set_is_named(world: World) -> None:
    world.configure(old_password='"${NOT_SET_ANYWHERE}"')
    refused(world.migrate("plan"), 78, "endpoint old", "NOT_SET_ANYWHERE")


def test_an_unknown_endpoint_is_refused_with_the_nearest(world: World) -> None:
    path = world.migrate.folder / "migrate.toml"
    path.write_text(path.read_text().replace('"old:', '"odl:'))
    refused(world.migrate("plan"), 78, "$.move[0].from", "'odl'", "'old'")


def test_a_pattern_that_matches_nothing_is_refused_with_the_nearest_names(world: World) -> None:
    world.migrate.configure(world.source, world.target, (f"{world.schema}.custmer", f"{world.goal}.*"))
    refused(world.migrate("plan"), 1, f"{world.schema}.custmer", f"{world.schema}.customer")
    assert not world.migrate.plan.exists()


# -- getting in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_wrong_password_is_refused_by_name_of_the_endpoint(world: World, side: str) -> None:
    wrong = {f"{side.upper()}_SECRET": "wrong-secret"}
    refused(world.migrate("plan", variables=wrong), 1, f"{side}: Access denied", "app@127.0.0.1", "password")
    world.plan()
    refused(world.migrate("apply", PLAN, variables=wrong), 1, f"{side}: Access denied")
    world.target_is_untouched()
    world.state_is_intact()
    world.finishes()


def test_an_unknown_host_is_named(world: World) -> None:
    world.configure(new_host='"no-such-host.invalid"')
    refused(world.migrate("plan"), 1, "new: ", "no-such-host.invalid", "unknown", "host of this endpoint")


def test_a_refused_port_is_named(world: World) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else can take it meanwhile
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        world.configure(new_port=str(port))
        refused(world.migrate("plan"), 1, "new: ", f"127.0.0.1:{port} refused", "port")


# -- privileges ----------------------------------------------------------------------------------------------------


def test_no_select_on_one_table_of_the_source_is_said_before_anything_is_written(world: World) -> None:
    with account(world.source, "e2e_noselect", f"SELECT ON `{world.schema}`.orders") as user:
        client.rows(world.source, f"GRANT INSERT ON `{world.schema}`.customer TO {user}", root=True)
        world.configure(old_user=f'"{user}"')
        refused(world.migrate("plan"), 1, "old: ", "customer", user)
        world.target_is_untouched()


def test_a_target_that_grants_no_create_is_said_and_nothing_was_changed(world: World) -> None:
    with account(world.target, "e2e_nocreate", "SELECT ON *.*") as user:
        world.configure(new_user=f'"{user}"')
        world.plan()
        ran = world.apply()
        stopped(ran, 1, "new: ", world.goal, f"to {user}")
        world.target_is_untouched()
        world.state_is_intact()
        client.rows(world.target, f"GRANT ALL ON `{world.goal}`.* TO {user}", root=True)
        world.finishes()


def test_a_target_that_grants_no_insert_stops_and_goes_on_when_granted(world: World) -> None:
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, "CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80))")
    grants = f"SELECT,CREATE,ALTER,INDEX,DELETE,REFERENCES ON `{world.goal}`.*"
    ledger = f"ALL ON `{world.goal}`._migrate_ledger"
    with account(world.target, "e2e_noinsert", grants, ledger) as user:
        world.configure(new_user=f'"{user}"')
        world.plan()
        stopped(world.apply(), 3, "INSERT", f"to {user}")
        world.state_is_intact()
        client.rows(world.target, f"GRANT INSERT ON `{world.goal}`.* TO {user}", root=True)
        world.finishes()


# -- servers that do not do their part -----------------------------------------------------------------------------


def test_a_full_disk_on_the_target_stops_and_is_named(world: World) -> None:
    small = ["--innodb-file-per-table=0", "--innodb-data-file-path=ibdata1:12M:autoextend:max:40M"]
    with extra("e2e-full", options=small, initialise=True) as private:
        world.target = private
        fill_much(world.source, world.schema)
        world.configure()
        world.plan()
        ran = world.apply()
        stopped(ran, 3, "new: ", "is full", "free space")
        world.state_is_intact()
        world.target = restart(private, [small[0], small[1].replace("40M", "900M")])
        world.finishes()


def test_a_target_without_local_infile_takes_the_rows_by_insert(world: World) -> None:
    with extra("e2e-noinfile", options=["--local-infile=OFF"]) as private:
        world.target = private
        world.configure()
        assert "MG302" in world.plan().out
        world.finishes()


@pytest.mark.parametrize("variable", ["read_only", "super_read_only"])
def test_a_read_only_target_is_refused_before_anything_is_written(world: World, variable: str) -> None:
    with extra("e2e-readonly") as private, account(private, "e2e_plain", "ALL ON *.*") as user:
        client.rows(private, f"REVOKE SUPER, CONNECTION_ADMIN ON *.* FROM {user}", root=True)
        world.target = private
        world.configure(new_user=f'"{user}"' if variable == "read_only" else '"app"')
        world.plan()
        client.rows(private, f"SET GLOBAL {variable} = ON", root=True)
        refused(world.apply(), 1, "new: ", "read", "primary")
        world.target_is_untouched()
        world.state_is_intact()
        client.rows(private, "SET GLOBAL super_read_only = OFF", root=True)
        client.rows(private, "SET GLOBAL read_only = OFF", root=True)
        world.finishes()
