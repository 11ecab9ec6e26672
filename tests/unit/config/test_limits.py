"""`max_rate` and `max_threads_running`: how they are written, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.config import Loaded, describe, load
from migrate.errors import BadConfig

TEXT = """
name = "shop"
[endpoint.old]
engine = "mysql"
{endpoint}
[endpoint.new]
engine = "mysql"
[options]
{options}
"""


def read(endpoint: str = "", options: str = "", env: dict[str, str] | None = None) -> Loaded:
    path = Path("migrate.toml")
    path.write_text(TEXT.format(endpoint=endpoint, options=options), encoding="utf-8")
    return load(path, env or {})


def refused(endpoint: str = "", options: str = "", env: dict[str, str] | None = None) -> str:
    with pytest.raises(BadConfig) as caught:
        read(endpoint, options, env)
    assert caught.value.exit_code == 78
    return str(caught.value).removeprefix("migrate.toml: ")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_unless_said_there_is_no_rate_and_a_server_may_run_25_statements_of_others() -> None:
    config = read().config
    assert config.options.max_rate == 0
    assert [ref.max_threads_running for ref in config.endpoint.values()] == [25, 25]


@pytest.mark.parametrize(
    ("written", "rate"),
    [('"50MB"', 50_000_000), ('"1.5 MiB"', 1_572_864), ("2000", 2000), ('"2000"', 2000), ("0", 0), ('"${RATE}"', 7000)],
)
def test_a_rate_is_a_number_of_bytes_or_text_with_a_unit(written: str, rate: int) -> None:
    assert read(options=f"max_rate = {written}", env={"RATE": "7kB"}).config.options.max_rate == rate


def test_each_endpoint_has_its_own_number_of_statements() -> None:
    config = read("max_threads_running = 40").config
    assert {name: ref.max_threads_running for name, ref in config.endpoint.items()} == {"old": 40, "new": 25}
    assert read("max_threads_running = 0").config.endpoint["old"].max_threads_running == 0
    assert read('max_threads_running = "${N}"', env={"N": "8"}).config.endpoint["old"].max_threads_running == 8


def test_show_config_says_what_counts() -> None:
    loaded = read("max_threads_running = 40", 'max_rate = "${RATE}"', {"RATE": "1MB"})
    shown = {one.key: (one.value, one.origin) for one in describe(loaded)}
    assert shown["options.max_rate"] == ("1000000", "migrate.toml, environment RATE")
    assert shown["endpoint.old.max_threads_running"] == ("40", "migrate.toml")
    assert shown["endpoint.new.max_threads_running"] == ("25", "default")


@pytest.mark.parametrize(
    ("endpoint", "options", "said"),
    [
        (
            "",
            'max_rate = "50Mb"',
            "$.options.max_rate: '50Mb' is no rate: write bytes a second, such as 50MB, 512KiB or 1000000",
        ),
        (
            "",
            "max_rate = 50",
            "$.options.max_rate: 50 bytes a second is less than 1,000: is the unit missing, as in 50MB?",
        ),
        ("", "max_rate = 1e6", "$.options.max_rate: expected a whole number, got a number"),
        ("", "max_rate = true", "$.options.max_rate: expected a whole number, got true or false"),
        (
            "max_threads_running = -1",
            "",
            "$.endpoint.old.max_threads_running: -1 is not between 0 (no limit) and 100,000",
        ),
        ('max_threads_running = "25"', "", "$.endpoint.old.max_threads_running: expected a whole number, got text"),
        ("", "max_threads_running = 25", "$.options.max_threads_running: unknown key"),
    ],
)
def test_a_mistake_is_named_with_its_place(endpoint: str, options: str, said: str) -> None:
    assert refused(endpoint, options) == said
