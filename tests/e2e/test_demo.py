"""`python -m tests.demo` on its own servers: small, killed on the way, interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.demo import audit, shop
from tests.demo.command import REPOSITORY
from tests.lab import Server, client, status
from tests.lab.processes import identify
from tests.sample import sampled


def demo(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end, its output caught."""
    command = [sys.executable, "-m", "tests.demo", *words]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=300)


def owned_servers(pid: int) -> list[str]:
    """The lab's private servers that belong to this process."""
    return [record.key for record in status() if record.owner is not None and record.owner.pid == pid]


def test_the_demo_moves_the_shop_and_leaves_nothing_running(tmp_path: Path) -> None:
    before = {record.key for record in status()}
    done = demo("--scale", "0.05", "--folder", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        "$ migrate plan -c migrate.toml -o shop.toml",
        "$ migrate show shop.toml",
        "$ migrate apply shop.toml",
        "$ migrate verify shop.toml",
        "$ migrate plan -c migrate.toml -o again.toml --detailed-exitcode",
        "Both sides are equal.",
    ):
        assert line in done.stdout.splitlines()
    assert done.stdout.splitlines().count("$ migrate apply shop.toml") == 2
    assert done.stdout.splitlines()[-1].startswith("demo: both servers are stopped and gone")
    assert [key for key in {record.key for record in status()} - before if key.startswith("demo-")] == []


def test_the_demo_resumes_what_it_killed(tmp_path: Path) -> None:
    done = demo("--kill", "--scale", "0.3", "--folder", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "demo: sent SIGKILL to apply" in done.stdout
    assert "Both sides are equal." in done.stdout.splitlines()


@pytest.mark.parametrize("number", sampled([signal.SIGINT, signal.SIGTERM], 1))
def test_an_interrupted_demo_ends_its_servers(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.demo", "--folder", str(tmp_path / "demo")],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    limit = time.monotonic() + 60
    while len(owned_servers(process.pid)) < 2:
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.05)
    pids = [record.process.pid for record in status() if record.owner is not None and record.owner.pid == process.pid]
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    assert owned_servers(process.pid) == []
    assert [pid for pid in pids if identify(pid) is not None] == []


def test_the_shop_is_the_same_each_time_and_has_no_orphans(source: Server, target: Server) -> None:
    schema = "demo_twice"
    made = []
    try:
        for server in (source, target):
            client.rows(server, f"DROP DATABASE IF EXISTS `{schema}`")
            made.append(shop.make(server, schema, 0.02))
        assert audit.differences(audit.facts(source, schema), audit.facts(target, schema)) == []
        assert made[0].tables == 18
        assert made[0].rows == made[1].rows > 15_000
        client.rows(
            target, f"UPDATE `{schema}`.product_images SET content = CONCAT(content, x'00') WHERE product_id = 7"
        )
        assert audit.differences(audit.facts(source, schema), audit.facts(target, schema)) == [
            "table product_images has as many rows on both sides, but their checksums differ"
        ]
    finally:
        for server in (source, target):
            client.rows(server, f"DROP DATABASE IF EXISTS `{schema}`")
