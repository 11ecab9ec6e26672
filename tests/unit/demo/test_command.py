"""Running the command: its exit code and seconds, and that it never outlives the demo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.command import REPOSITORY, Migrate

PACKAGE = """
import os, sys, time
if sys.argv[1] == "sleep":
    print(os.getpid(), flush=True)
    time.sleep(60)
print(os.getcwd(), os.environ["SHOP_OLD_PASSWORD"], flush=True)
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def migrate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Migrate:
    """The command in a folder of its own, with a stand-in for the package that only sleeps or exits."""
    package = tmp_path / "packages" / "migrate"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PACKAGE)
    monkeypatch.setattr("tests.demo.command.REPOSITORY", tmp_path / "packages")
    folder = tmp_path / "work"
    folder.mkdir()
    return Migrate(folder, {"SHOP_OLD_PASSWORD": "from the environment"})


def test_the_repository_is_where_the_package_lies() -> None:
    assert (REPOSITORY / "migrate" / "__init__.py").is_file()


def test_a_command_runs_in_its_folder_with_the_passwords_and_shows_its_line(
    migrate: Migrate, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = migrate.run("7", "with a space")
    assert (ran.words, ran.code) == (("7", "with a space"), 7)
    assert 0 < ran.seconds < 30
    out = capfd.readouterr().out
    assert out == f"\n$ migrate 7 'with a space'\n{migrate.folder} from the environment\n"


def test_a_command_is_killed_when_it_is_time(migrate: Migrate) -> None:
    asked: list[bool] = []

    def when() -> bool:
        asked.append(True)
        return len(asked) == 3

    killed, ran = migrate.run_killed("sleep", when=when)
    assert killed
    assert ran.code == -signal.SIGKILL
    assert len(asked) == 3


def test_a_command_that_ends_by_itself_is_not_called_killed(migrate: Migrate) -> None:
    killed, ran = migrate.run_killed("3", when=lambda: False)
    assert not killed
    assert ran.code == 3


def test_an_interrupted_demo_leaves_no_command_running(migrate: Migrate, tmp_path: Path) -> None:
    script = (
        "from pathlib import Path\n"
        "from tests.demo import command\n"
        "command.GRACE_SECONDS = 0.1\n"
        f"command.REPOSITORY = Path({str(tmp_path / 'packages')!r})\n"
        f"command.Migrate(Path({str(migrate.folder)!r}), {{}}).run('sleep')\n"
    )
    demo = subprocess.Popen([sys.executable, "-c", script], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    assert [demo.stdout.readline() for _ in range(2)] == ["\n", "$ migrate sleep\n"]
    child = int(demo.stdout.readline())
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=60)
    assert demo.returncode != 0
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
