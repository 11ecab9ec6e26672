"""Who may import whom: design rules, proven by reading every module's syntax tree."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parents[1]

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "model"),
    ("lockfile", "state_statements", "state_words"),
    ("config", "sql", "diff", "planfile", "state"),
    ("engines",),
    ("planner",),
    ("executor",),
    ("ui",),
    ("cli",),
    ("__main__",),
)
"""Lowest first; a module imports its own part and lower layers only, never another part of its own layer."""

SHARED_ENGINE_MODULES = (
    "migrate.engines",
    *("migrate.engines.base", "migrate.engines.compare", "migrate.engines.files"),
    *("migrate.engines.sessions", "migrate.engines.values"),
)

DOORS = {
    "aiomysql": ("migrate/engines/mysql/wire.py",),
    "pymysql": ("migrate/engines/mysql/",),
    "trino": ("migrate/engines/lake/connect.py",),
    "requests": ("migrate/engines/lake/connect.py",),
    "urllib3": ("migrate/engines/lake/connect.py",),
    "obstore": ("migrate/engines/lake/files.py", "migrate/engines/lake/clients.py"),
    "boto3": ("migrate/engines/lake/clients.py",),
    "botocore": ("migrate/engines/lake/clients.py",),
    "sqlglot": ("migrate/sql.py",),
    "sqlite3": ("migrate/state.py",),
    "fcntl": ("migrate/lockfile.py",),
    "yaml": ("migrate/config/",),
    "tomli_w": ("migrate/planfile/text.py",),
    "rich": ("migrate/ui/",),
    "cyclopts": ("migrate/cli/",),
}
"""Where a library comes in. msgspec is the language of the model, and free."""

HEAVY = ("sqlglot", "trino", "requests", "obstore", "aiomysql", "pymysql", "pyarrow", "boto3")
LONGEST = 400


class Import(msgspec.Struct, frozen=True):
    """One imported module. `lazy`: inside a function, or for types only."""

    module: str
    line: int
    lazy: bool


class Module(msgspec.Struct, frozen=True):
    """A file of the package."""

    name: str
    path: str
    imports: tuple[Import, ...]

    @property
    def part(self) -> str:
        """config, engines, cli, …; empty for the package itself."""
        return self.name.removeprefix("migrate").strip(".").partition(".")[0]


def modules() -> dict[str, Module]:
    """Every module under migrate/, by name."""
    found = {}
    for path in sorted((ROOT / "migrate").rglob("*.py")):
        relative = path.relative_to(ROOT)
        name = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
        found[name] = Module(name, relative.as_posix(), tuple(_imports(path, name)))
    return found


def _imports(path: Path, name: str) -> list[Import]:
    found: list[Import] = []

    def visit(node: ast.AST, lazy: bool) -> None:
        match node:
            case ast.Import(names=names):
                found.extend(Import(alias.name, node.lineno, lazy) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                assert level == 0, f"{path}:{node.lineno}: a relative import"
                assert module is not None
                for alias in names:
                    whole = f"{module}.{alias.name}"
                    is_module = module.startswith("migrate") and _exists(whole)
                    found.append(Import(whole if is_module else module, node.lineno, lazy))
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                lazy = True
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                lazy = True
        for child in ast.iter_child_nodes(node):
            visit(child, lazy)

    visit(ast.parse(path.read_text(), str(path)), lazy=False)
    return found


def _exists(module: str) -> bool:
    place = ROOT / module.replace(".", "/")
    return place.with_suffix(".py").exists() or (place / "__init__.py").exists()


MODULES = modules()
LEVEL = {part: level for level, layer in enumerate(LAYERS) for part in layer}
EVERY = pytest.mark.parametrize("module", MODULES.values(), ids=lambda module: module.name)


def ours(module: Module) -> list[Import]:
    return [one for one in module.imports if one.module == "migrate" or one.module.startswith("migrate.")]


def part_of(name: str) -> str:
    return name.removeprefix("migrate").strip(".").partition(".")[0]


def test_the_reader_of_imports_sees_them() -> None:
    assert Import("sqlite3", 1, lazy=False).module in {one.module for one in MODULES["migrate.state"].imports}
    lazy = {one.module: one.lazy for one in MODULES["migrate.cli.plan"].imports}
    assert (lazy["migrate.planfile"], lazy["migrate.config"], lazy["migrate.ui.text"]) == (True, True, False)


def test_every_part_of_the_package_has_its_layer() -> None:
    assert {module.part for module in MODULES.values()} - {""} <= set(LEVEL)
    assert len(MODULES) > 40


@EVERY
def test_imports_go_down(module: Module) -> None:
    for one in ours(module):
        part = part_of(one.module)
        if part in ("", module.part):
            continue
        assert LEVEL[part] < LEVEL[module.part], f"{module.path}:{one.line} imports {one.module}"


@EVERY
def test_the_model_and_the_errors_import_nothing_else_of_ours(module: Module) -> None:
    if module.part in ("errors", "model"):
        assert {part_of(one.module) for one in ours(module)} <= {module.part}


@EVERY
def test_planner_and_executor_know_the_contract_of_engines_only(module: Module) -> None:
    if module.part in ("planner", "executor"):
        engines = {one.module for one in ours(module) if part_of(one.module) == "engines"}
        assert engines <= set(SHARED_ENGINE_MODULES[1:])


@EVERY
def test_engine_folders_do_not_know_each_other(module: Module) -> None:
    if not module.name.startswith("migrate.engines.") or module.name in SHARED_ENGINE_MODULES:
        return
    own = ".".join(module.name.split(".")[:3])
    for one in ours(module):
        if part_of(one.module) == "engines":
            allowed = one.module in SHARED_ENGINE_MODULES[1:] or one.module == own or one.module.startswith(f"{own}.")
            assert allowed, f"{module.path}:{one.line} imports {one.module}"


def test_the_shared_modules_of_engines_know_no_engine() -> None:
    for name in SHARED_ENGINE_MODULES[1:]:
        engines = {one.module for one in ours(MODULES[name]) if part_of(one.module) == "engines"}
        assert engines <= set(SHARED_ENGINE_MODULES[1:]) - {"migrate.engines.compare"}
    chooser = MODULES["migrate.engines"]
    assert all(one.lazy for one in ours(chooser) if part_of(one.module) == "engines")


@EVERY
def test_every_library_has_one_door(module: Module) -> None:
    for one in module.imports:
        library = one.module.partition(".")[0]
        if library in ("migrate", "msgspec") or (library in sys.stdlib_module_names and library not in DOORS):
            continue
        assert library in DOORS, f"{module.path}:{one.line}: {library} has no door"
        assert module.path.startswith(DOORS[library]), f"{module.path}:{one.line}: not the door of {library}"


def reached(start: str) -> dict[str, Module]:
    """The modules that importing `start` imports, packages above them too."""
    found: dict[str, Module] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in found or name not in MODULES:
            continue
        found[name] = MODULES[name]
        waiting += [one.module for one in MODULES[name].imports if not one.lazy]
        waiting.append(name.rpartition(".")[0])
    return found


@pytest.mark.parametrize("start", ["migrate.cli", "migrate.__main__", "migrate.planfile", "migrate.ui.text"])
def test_what_every_command_imports_is_light(start: str) -> None:
    for module in reached(start).values():
        heavy = [one.module for one in module.imports if not one.lazy and one.module.partition(".")[0] in HEAVY]
        assert not heavy, f"{module.path} imports {heavy}"


def test_commands_import_what_connects_only_when_they_run() -> None:
    at_once = {module.part for module in reached("migrate.cli").values()}
    assert at_once <= {"", "cli", "ui", "errors", "model", "planfile"}


@EVERY
def test_modules_are_small_and_named_after_what_they_hold(module: Module) -> None:
    lines = (ROOT / module.path).read_text().count("\n")
    assert lines < LONGEST, f"{module.path} has {lines} lines: find the seam"
    banned = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
    assert not banned & set(module.name.split("."))
