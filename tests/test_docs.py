"""The documentation names everything that a user can type or see, and its examples are real command lines."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from migrate import __main__, errors
from migrate.cli import commands, options_of, parse
from migrate.cli.show import CHANGES
from migrate.errors import Interrupted, MigrateError
from migrate.planner.risk import FINDINGS
from migrate.ui.jsonl import UI_VERSION

DOCS = Path(__file__).parents[1] / "docs"
CLI = (DOCS / "cli.md").read_text()
EVERYWHERE = "\n".join(path.read_text() for path in sorted(DOCS.glob("*.md")))
GLOBAL = ("--state", "--json", "--color", "--log-file", "--quiet", "--debug")


def section(heading: str) -> str:
    """The text below a heading of docs/cli.md, up to the next one."""
    found = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##+ |\Z)", CLI, re.MULTILINE | re.DOTALL)
    assert found, f"docs/cli.md has no section {heading!r}"
    return found.group(1)


def examples() -> list[str]:
    """Every command line of ours in a console block."""
    blocks = re.findall(r"^```console\n(.*?)^```", CLI, re.MULTILINE | re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ migrate")]


def error_classes() -> list[type[MigrateError]]:
    """The whole tree."""
    return [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, MigrateError)]


def exit_codes() -> set[int]:
    """Every code that the process can end with on purpose."""
    ours = {one.exit_code for one in error_classes()}
    terminated = Interrupted("", "", terminated=True).exit_code
    return ours | {0, CHANGES, terminated, __main__.INTERNAL_ERROR, __main__.INTERRUPTED, __main__.READER_GONE}


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_has_a_section_with_an_example_and_all_its_options(command: tuple[str, ...]) -> None:
    text = section(f"migrate {' '.join(command)}")
    assert f"\n$ migrate {' '.join(command)}" in text
    for option in options_of(command):
        if option not in GLOBAL:
            assert f"`{option}" in text, f"{option} is not in the section of {' '.join(command)}"


def test_no_section_is_about_a_command_that_is_gone() -> None:
    headings = re.findall(r"^##+ migrate (.*)$", CLI, re.MULTILINE)
    assert {tuple(heading.split()) for heading in headings} == set(commands())


def test_options_in_the_tables_exist() -> None:
    for command in commands():
        rows = [line for line in section(f"migrate {' '.join(command)}").splitlines() if line.startswith("| `")]
        named = {option for row in rows for option in re.findall(r"`(--[a-z-]+)", row.split(" | ")[0])}
        assert named <= set(options_of(command)), f"{' '.join(command)}: {named - set(options_of(command))}"


def test_global_options_are_described() -> None:
    text = section("Global options")
    for option in GLOBAL:
        assert f"| `{option}" in text
    assert set(GLOBAL) <= set(options_of(("plan",)))


def test_every_exit_code_is_described_and_no_other() -> None:
    described = {int(code) for code in re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE)}
    assert described == exit_codes()


def test_the_error_tree_is_drawn_whole() -> None:
    drawing = errors.__doc__ or ""
    for one in error_classes():
        drawn = re.search(rf"(?<!\w){one.__name__}(?!\w)\s+(\d+)?", drawing)
        assert drawn, f"{one.__name__} is not in the drawn tree"
        if drawn.group(1):
            assert int(drawn.group(1)) == one.exit_code or one is MigrateError


@pytest.mark.parametrize("code", FINDINGS)
def test_every_finding_code_is_documented(code: str) -> None:
    assert re.search(rf"(?<!\w){code}(?!\w)", EVERYWHERE), f"{code}: {FINDINGS[code]}"


def test_documented_finding_codes_exist() -> None:
    assert set(re.findall(r"(?<!\w)MG\d{3}(?!\w)", EVERYWHERE)) <= set(FINDINGS)


@pytest.mark.parametrize("line", examples())
def test_examples_are_command_lines(line: str) -> None:
    words = shlex.split(line.partition("  #")[0])
    call = parse(words[1:])
    assert call is not None
    assert call.wants_context, f"{line} only shows help"


def test_there_are_examples() -> None:
    assert len(examples()) > 30


def test_the_version_of_the_json_lines_is_documented() -> None:
    assert f'{{"type":"version","ui":"{UI_VERSION}"}}' in section("JSON lines")


def test_links_between_pages_lead_somewhere() -> None:
    for path in DOCS.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
