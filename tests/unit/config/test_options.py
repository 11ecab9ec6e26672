"""`dated_tables` and `definer`: said once in the options, or by each move, which then counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.config import Loaded, describe, load
from migrate.errors import BadConfig
from migrate.model.plan import Move

SERVERS = """
name = "shop"
[endpoint.old]
engine = "mysql"
[endpoint.new]
engine = "mysql"
"""


def read(options: str = "", *moves: str, env: dict[str, str] | None = None) -> Loaded:
    text = SERVERS
    for number, move in enumerate(moves or ("",)):
        text += f'[[move]]\nfrom = "old:s{number}.*"\nto = "new:t{number}.*"\n{move}\n'
    path = Path("migrate.toml")
    path.write_text(text + f"[options]\n{options}\n", encoding="utf-8")
    return load(path, env or {})


def refused(options: str = "", move: str = "", env: dict[str, str] | None = None) -> tuple[str, str]:
    with pytest.raises(BadConfig) as caught:
        read(options, move, env=env)
    assert caught.value.exit_code == 78
    return str(caught.value).removeprefix("migrate.toml: "), caught.value.hint


def moves(loaded: Loaded) -> tuple[Move, ...]:
    return loaded.config.move


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# -- which one counts --------------------------------------------------------------------------------------------------


def test_unless_said_dated_tables_stay_behind_and_definers_are_kept() -> None:
    (move,) = moves(read())
    assert (move.dated_tables, move.definer) == (False, "keep")


def test_the_options_hold_for_every_move_that_does_not_say_its_own() -> None:
    first, second, third = moves(
        read(
            'dated_tables = true\ndefiner = "drop"',
            "",
            'dated_tables = false\ndefiner = "keep"',
            "dated_tables = ['s2.log_*']\ndefiner = 'app@%'",
        )
    )
    assert (first.dated_tables, first.definer) == (True, "drop")
    assert (second.dated_tables, second.definer) == (False, "keep"), "the default, said by a move, is its own word"
    assert (third.dated_tables, third.definer) == (("s2.log_*",), "app@%")


def test_an_empty_list_brings_nothing_along() -> None:
    assert moves(read("dated_tables = true", "dated_tables = []"))[0].dated_tables is False
    assert moves(read("dated_tables = []"))[0].dated_tables is False


def test_variables_are_filled_in() -> None:
    env = {"DATED": "True", "WHO": "app@10.%", "LOG": "log"}
    (move,) = moves(read('dated_tables = "${DATED}"\ndefiner = "${WHO}"', env=env))
    assert (move.dated_tables, move.definer) == (True, "app@10.%")
    assert moves(read('dated_tables = ["s0.${LOG}_*"]', env=env))[0].dated_tables == ("s0.log_*",)


def test_show_config_says_which_word_counted() -> None:
    loaded = read(
        'dated_tables = ["*.log_*", "s0.x_*"]\ndefiner = "${WHO}"',
        "",
        'definer = "drop"',
        env={"WHO": "'App'@'LOCALHOST'"},
    )
    shown = {one.key: (one.value, one.origin) for one in describe(loaded)}
    assert shown["options.dated_tables"] == ("*.log_*, s0.x_*", "migrate.toml")
    assert shown["options.definer"] == ("App@localhost", "migrate.toml, environment WHO")
    assert shown["move[0].dated_tables"] == ("*.log_*, s0.x_*", "options.dated_tables")
    assert shown["move[0].definer"] == ("App@localhost", "options.definer")
    assert shown["move[1].definer"] == ("drop", "migrate.toml")
    plain = {one.key: (one.value, one.origin) for one in describe(read())}
    assert plain["options.dated_tables"] == plain["move[0].dated_tables"] == ("false", "default")
    assert plain["options.definer"] == plain["move[0].definer"] == ("keep", "default")


def test_yaml_says_the_same() -> None:
    Path("migration.yaml").write_text(
        "name: s\nendpoint: {old: {engine: mysql}, new: {engine: mysql}}\n"
        "move: [{from: 'old:a.*', to: 'new:b.*', dated_tables: [a.log_*]}]\n"
        "options: {definer: '''app''@''%'''}\n"
    )
    (move,) = moves(load(None, {}))
    assert (move.dated_tables, move.definer) == (("a.log_*",), "app@%")


# -- accounts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("keep", "keep"),
        ("drop", "drop"),
        ("app@localhost", "app@localhost"),
        ("app@%", "app@%"),
        ("'app'@'%'", "app@%"),
        ("`app`@`10.0.0.0/255.0.0.0`", "app@10.0.0.0/255.0.0.0"),
        ("'app'@localhost", "app@localhost"),
        ("App@DB1.Example.ORG", "App@db1.example.org"),
        ("'me@example.org'@'%'", "me@example.org@%"),
        ("me@example.org@%", "me@example.org@%"),
        ("'q''u'@'%'", "q'u@%"),
        ('"a b"@"::1"', "a b@::1"),
        ("a-b.c@2001:db8::7", "a-b.c@2001:db8::7"),
        ("앱@%", "앱@%"),
        ("drop@localhost", "drop@localhost"),
    ],
)
def test_an_account_is_told_as_servers_tell_it(written: str, account: str) -> None:
    quoted = written.replace("\\", "\\\\").replace('"', '\\"')
    assert moves(read(f'definer = "{quoted}"'))[0].definer == account
    assert moves(read("", f'definer = "{quoted}"'))[0].definer == account


@pytest.mark.parametrize(
    "written",
    [
        *("", "app", "app@", "@localhost", "''@'localhost'", "'app'@''", "app @ localhost", "app@local host", "'app@%"),
        *("a'b@%", "'app'@'%' ", "app@'a@b'", "'a'b'@'%'", "'app'"),
    ],
)
def test_what_is_no_account_is_refused_with_an_example(written: str) -> None:
    said, hint = refused(f'definer = "{written}"')
    assert said == f"$.options.definer: {written!r} is not keep, drop or an account user@host"
    assert '"app@localhost"' in hint


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("keeep", "did you mean 'keep'?"),
        ("DROP", "did you mean 'drop'?"),
        ("CURRENT_USER", 'write "drop": the account that applies becomes the definer'),
        ("current_user()", 'write "drop": the account that applies becomes the definer'),
    ],
)
def test_what_is_nearly_right_gets_the_right_word(written: str, hint: str) -> None:
    assert refused(f'definer = "{written}"')[1] == hint


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "move", "message"),
    [
        ('definer = "nobody"', "", "$.options.definer: 'nobody' is not keep, drop or an account user@host"),
        ("", 'definer = "nobody"', "$.move[0].definer: 'nobody' is not keep, drop or an account user@host"),
        ("definer = true", "", "$.options.definer: expected text, got true or false"),
        ("", "definer = ['app@%']", "$.move[0].definer: expected text, got a list"),
        ("dated_tables = 'shop.*'", "", "$.options.dated_tables: expected true or false or a list, got text"),
        ("", "dated_tables = 1", "$.move[0].dated_tables: expected true or false or a list, got a whole number"),
        ("dated_tables = ['shop.*', 3]", "", "$.options.dated_tables[1]: expected text, got a whole number"),
        ("dated_tables = ['log_*']", "", "$.options.dated_tables: 'log_*' matches no table"),
        ("", "dated_tables = ['s0.log_*', 'x']", "$.move[0].dated_tables: 'x' matches no table"),
        ("dated_tables = '${LIST}'", "", "$.options.dated_tables: expected true or false, got 's0.*'"),
        ("dated_table = true", "", "$.options.dated_table: unknown key"),
        ("", "definers = 'keep'", "$.move[0].definers: unknown key"),
    ],
)
def test_a_mistake_is_named_with_its_place(options: str, move: str, message: str) -> None:
    assert refused(options, move, env={"LIST": "s0.*"})[0] == message


def test_the_nearest_key_and_a_better_glob_are_offered() -> None:
    assert refused("dated_table = true")[1] == "did you mean 'dated_tables'?"
    assert refused("", "definers = 'keep'")[1] == "did you mean 'definer'?"
    assert refused("dated_tables = ['log_*']")[1] == "write schema.table, as in '*.log_*'"
