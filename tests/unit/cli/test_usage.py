"""A wrong command line: exit 64 (never 2, which means changes), one sentence, one hint, nothing done."""

from __future__ import annotations

import pytest

from migrate.cli import commands, options_of, parse
from migrate.cli.apply import apply
from migrate.cli.options import Globals
from tests.unit.cli.conftest import Desk


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        ("plam", "unknown command 'plam'", "did you mean plan? see `migrate --help`"),
        ("state lst", "unknown command 'state lst'", "did you mean list? see `migrate state --help`"),
        ("forget plans/shop.toml", "unknown command 'forget'", "see `migrate --help`"),
        ("state unlock", "unknown command 'state unlock'", "see `migrate state --help`"),
        ("plan --jsn", "unknown option '--jsn'", "did you mean --json? see `migrate plan --help`"),
        ("apply x --dryrun", "unknown option '--dryrun'", "did you mean --dry-run? see `migrate apply --help`"),
        ("verify x --mend", "unknown option '--mend'", "see `migrate verify --help`"),
        (
            "plan --prune=x",
            "--prune: 'x' matches no table: write schema.table, as in '*.x'",
            "see `migrate plan --help`",
        ),
        ("apply", "PLAN is missing", "see `migrate apply --help`"),
        ("run", "FILE is missing", "see `migrate run --help`"),
        ("apply x y", "unexpected 'y'", "see `migrate apply --help`"),
        ("status x --state", "--state needs a value", "see `migrate status --help`"),
        ("plan -c", "--config needs a value", "see `migrate plan --help`"),
        (
            "plan --include foo",
            "--include: 'foo' matches no table: write schema.table, as in '*.foo'",
            "see `migrate plan --help`",
        ),
        ("plan --exclude a.b --exclude tmp_*", "--exclude: 'tmp_*' matches no table", "see `migrate plan --help`"),
        ("run x --allow-destructive a", "--allow-destructive: 'a' matches no table", "see `migrate run --help`"),
        (
            "plan --allow-destructve a.b",
            "unknown option '--allow-destructve'",
            "did you mean --allow-destructive? see `migrate plan --help`",
        ),
        ("plan --dated", "unknown option '--dated'", "did you mean --dated-tables? see `migrate plan --help`"),
        ("apply x --parallelism 0", 'invalid value "0" for --parallelism. Must be >= 1', "see `migrate apply --help`"),
        (
            "apply x --on-error go",
            'invalid value "go" for --on-error. Choose from: "stop", "continue"',
            "see `migrate apply --help`",
        ),
        (
            "show x --format markdown",
            'invalid value "markdown" for --format. Choose from: "text", "sql", "json"',
            "see `migrate show --help`",
        ),
        ("show x --color blue", 'invalid value "blue" for --color', "see `migrate show --help`"),
    ],
)
def test_wrong_usage_is_one_sentence_and_a_hint(desk: Desk, words: str, sentence: str, hint: str) -> None:
    ran = desk(*words.split())
    assert (ran.code, ran.out) == (64, "")
    first, second = ran.err.splitlines()
    assert first.startswith(f"error: {sentence}")
    assert second == f"  next: {hint}"


def test_wrong_usage_is_an_error_line_for_programs(desk: Desk) -> None:
    ran = desk("--json", "plam")
    assert ran.lines == [
        {"type": "version", "ui": "1.0"},
        {
            "type": "error",
            "error": "UsageError",
            "message": "unknown command 'plam'",
            "hint": "did you mean plan? see `migrate --help`",
            "exit_code": 64,
        },
    ]


@pytest.mark.parametrize(
    "words",
    [
        "--json --state /s.db --color never apply plan.toml",
        "apply --json plan.toml --state /s.db --color never",
        "apply plan.toml --color=never --state=/s.db --json",
        "--state /s.db apply --color never plan.toml --json",
    ],
)
def test_global_options_stand_before_or_after_the_command(words: str) -> None:
    call = parse(words.split())
    assert call is not None
    assert call.command is apply
    assert (str(call.options.state), call.options.json, call.options.color) == ("/s.db", True, "never")
    assert [str(value) for value in call.bound.args] == ["plan.toml"]


def test_without_options_everything_has_its_default() -> None:
    call = parse(["state", "list"])
    assert call is not None
    assert call.options == Globals()
    assert str(call.options.state) == "state/migrate.db"


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(desk: Desk, command: tuple[str, ...]) -> None:
    ran = desk(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert f"Usage: migrate {' '.join(command)}" in ran.out
    assert f"For example:\n  migrate {' '.join(command)}" in ran.out
    assert "--no-" not in ran.out.replace("--no-verify", "")
    for option in options_of(command):
        assert f"{option} " in ran.out


def test_plain_migrate_shows_the_commands(desk: Desk) -> None:
    ran = desk()
    assert ran.code == 0
    for name, *_ in commands():
        assert f" {name} " in ran.out
    assert desk("--help").out == ran.out


def test_version(desk: Desk) -> None:
    assert desk("--version").out == "migrate 0.1.0\n"


def test_help_asks_for_nothing_else(desk: Desk) -> None:
    assert desk("apply", "--help").code == 0
    assert not (desk.folder / "state").exists()
