"""Reading a configuration: a file, or the environment, into `Config`, with the place of whatever is wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args

import msgspec

from migrate.config.definer import read_definer
from migrate.config.text import TextError, expand, parse_toml, parse_yaml, variables
from migrate.config.tree import INHERITED, Config, Loaded, Options, Rate
from migrate.errors import BadConfig, MissingFile
from migrate.model.pattern import Part, Pattern, parse_pattern
from migrate.model.plan import EndpointRef, Move
from migrate.model.rate import checked_rate, parse_rate
from migrate.model.table import spell

FILES = ("migrate.toml", "migration.yaml", "migration.yml")
"""Looked for in this order, in the working folder."""

MOST_THREADS = 100_000
"""What `max_threads_running` may be: as many connections as a server takes."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
_SECRET = re.compile(r"(\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\})+")
_PLACE = re.compile(r" - at `\$(.*)`\Z")
_UNKNOWN_TYPE = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_WORDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "object": "a table"}
_WORDS |= {"array": "a list", "list": "a list", "dict": "a table", "null": "nothing", "NoneType": "nothing"}
_WORDS |= {"datetime": "a date", "date": "a date", "time": "a time of day"}

# What design and other versions have, and this one does not.
_LATER: Mapping[type[msgspec.Struct], tuple[str, ...]] = {
    Config: (),
    EndpointRef: ("s3", "bucket", "identity"),
    Move: ("method", "partitions", "location", "via", "replace_managed"),
    Options: (),
}
_LATER_ENGINES = ("lake",)

_T = TypeVar("_T", bound=msgspec.Struct)
_Rules = TypeVar("_Rules", Options, Move)


def load(path: Path | None, env: Mapping[str, str]) -> Loaded:
    """Read the file, or the first of `FILES`, or the environment (SOURCE_DB_*, TARGET_DB_*).

    Raises `MissingFile` when there is none of them, `BadConfig` with the place for everything else.
    """
    if path is None:
        path = next((found for name in FILES if (found := Path(name)).exists()), None)
    if path is None:
        return _from_environment(env)
    reader = _Reader(str(path), env)
    try:
        text = path.read_bytes().decode("utf-8-sig")
        document = parse_yaml(text) if path.suffix in (".yaml", ".yml") else parse_toml(text)
    except FileNotFoundError as error:
        raise MissingFile(str(path), "configuration", "`migrate init` writes one") from error
    except OSError as error:
        why = f"cannot be read: {error.strerror or error}"
        raise MissingFile(str(path), "configuration", "`migrate init` writes one", why) from error
    except UnicodeDecodeError as error:
        raise BadConfig(str(path), "", f"byte {error.start + 1} is not UTF-8", "save the file as UTF-8") from error
    except TextError as error:
        raise BadConfig(
            str(path), "", str(error), "mend that line; `migrate init` writes an example to compare with"
        ) from error
    return reader.read(document)


def _from_environment(env: Mapping[str, str]) -> Loaded:
    """The variables of one source and one target; the file this stands for is made and read like any other."""
    sides = {"source": "SOURCE_DB_", "target": "TARGET_DB_"}
    document: dict[str, Any] = {"name": "migration", "endpoint": {}}
    for side, prefix in sides.items():
        keys = [key for key in ("host", "port", "user", "password") if env.get(prefix + key.upper())]
        if keys or env.get(prefix + "NAME"):
            document["endpoint"][side] = {"engine": "mysql", **{key: f"${{{prefix}{key.upper()}}}" for key in keys}}
    if not document["endpoint"]:
        hint = "`migrate init` writes one; or set SOURCE_DB_HOST, TARGET_DB_HOST and so on"
        raise MissingFile(FILES[0], "configuration", hint)
    reader = _Reader("environment", env)
    origins: dict[str, str] = {}
    if (name := env.get("SOURCE_DB_NAME")) and "target" in document["endpoint"]:
        to = env.get("TARGET_DB_NAME") or name
        rule = {"from": f"source:{spell(name)}.*", "to": f"target:{spell(to)}.*"}
        document["move"] = [{key: pattern.replace("$", "$$") for key, pattern in rule.items()}]
        plain = re.sub("[^A-Za-z0-9_-]", "-", name)[:90]
        document["name"] = plain if plain[0].isalpha() else f"db-{plain}"
        to_origin = "TARGET_DB_NAME" if env.get("TARGET_DB_NAME") else "SOURCE_DB_NAME"
        origins = dict.fromkeys(("name", "move[0].from"), "environment SOURCE_DB_NAME")
        origins["move[0].to"] = f"environment {to_origin}"
    loaded = reader.read(document)
    return msgspec.structs.replace(loaded, origin={**loaded.origin, **origins})


class _Reader:
    """One reading of one document: remembers where values come from, and raises `BadConfig` with their places."""

    def __init__(self, path: str, env: Mapping[str, str]) -> None:
        self.path = path
        self.env = env
        self.origin: dict[str, str] = {}
        self.secrets: dict[str, str] = {}

    def fail(self, place: str, why: str, hint: str = "") -> NoReturn:
        raise BadConfig(self.path, place, why, hint)

    def read(self, document: object) -> Loaded:
        """The whole tree."""
        top = self.table(document, Config, "$", skip=("endpoint", "move", "options"))
        raw = document if isinstance(document, dict) else {}
        if "name" not in top:
            self.fail("$.name", "is missing", 'it names the plan: name = "shop" makes plans/shop.toml')
        head = self.convert({**top, "endpoint": {}}, Config, "$")
        self.check_name(head.name, "$.name")
        literal = head.allow_literal_password
        endpoints = raw.get("endpoint", {})
        if not isinstance(endpoints, dict):
            self.fail("$.endpoint", "expected a table", "write [endpoint.NAME]")
        if not endpoints:
            self.fail("$.endpoint", "no endpoint is defined", "write [endpoint.NAME], see `migrate init`")
        refs = {name: self.endpoint(name, content, literal) for name, content in endpoints.items()}
        moves = raw.get("move", [])
        if not isinstance(moves, list):
            self.fail("$.move", "expected a list of tables", "write [[move]], with two brackets")
        options = self.options(raw.get("options", {}))
        rules = tuple(self.move(content, number, refs, options) for number, content in enumerate(moves))
        return Loaded(Config(head.name, refs, rules, options, literal), self.path, self.origin, self.secrets)

    # -- parts of the tree -----------------------------------------------------------------------------------------

    def endpoint(self, name: object, content: object, literal: bool) -> EndpointRef:
        place = _join("$.endpoint", name)
        self.check_name(name, place)
        engine = content.get("engine") if isinstance(content, dict) else None
        if engine in _LATER_ENGINES:
            self.fail(f"{place}.engine", f"the engine {engine!r} is not supported in this version", "use mysql")
        values = self.table(content, EndpointRef, place, verbatim=("password",))
        if "engine" not in values:
            self.fail(f"{place}.engine", "is missing", 'write engine = "mysql"')
        ref = self.convert(values, EndpointRef, place)
        if ref.engine != "mysql":
            self.fail(f"{place}.engine", f"unknown engine {ref.engine!r}", "this version knows mysql")
        if not 1 <= ref.port <= 65535:
            self.fail(f"{place}.port", f"{ref.port} is not a port (1 to 65535)")
        if not ref.host.strip():
            self.fail(f"{place}.host", "is empty")
        if not 0 <= ref.max_threads_running <= MOST_THREADS:
            why = f"{ref.max_threads_running} is not between 0 (no limit) and {MOST_THREADS:,}"
            self.fail(f"{place}.max_threads_running", why)
        if bool(ref.ssl_cert) != bool(ref.ssl_key):
            self.fail(place, "ssl_cert and ssl_key go together")
        return msgspec.structs.replace(ref, password=self.password(str(name), ref.password, place, literal))

    def password(self, name: str, text: str, place: str, literal: bool) -> str:
        """The template that goes into the plan; a literal one is kept aside."""
        place += ".password"
        if not text or _SECRET.fullmatch(text):
            return text
        variable = _secret_variable(name)
        if not literal:
            hint = f'write password = "${{{variable}}}" and export {variable}, or set allow_literal_password = true'
            self.fail(place, "a password is written out here, and configurations get committed", hint)
        twin = next((other for other in self.secrets if _secret_variable(other) == variable), None)
        if twin is not None:
            self.fail(place, f"{name} and {twin} would both take their password from {variable}", "rename one of them")
        self.secrets[name] = self.fill(text, place)
        return f"${{{variable}}}"

    def options(self, content: object) -> Options:
        place = "$.options"
        options = self.convert(self.table(content, Options, place), Options, place)
        for key in ("parallelism", "per_server"):
            if not 1 <= (value := getattr(options, key)) <= 1000:
                self.fail(f"{place}.{key}", f"{value} is not between 1 and 1000")
        return self.with_stored(options, place)

    def move(self, content: object, number: int, refs: Mapping[str, EndpointRef], options: Options) -> Move:
        place = f"$.move[{number}]"
        values = self.table(content, Move, place)
        for key in ("from", "to"):
            if key not in values:
                self.fail(f"{place}.{key}", "is missing", f'write {key} = "endpoint:schema.table", * and ? allowed')
        if values.get("existing") == "replace":
            self.fail(f"{place}.existing", "'replace' is not supported in this version", "use 'sync' or 'fail'")
        move = self.convert(values, Move, place)
        source = self.pattern(move.from_, f"{place}.from", refs)
        target = self.pattern(move.to, f"{place}.to", refs)
        for part, what in ((target.schema, "schema"), (target.name, "table")):
            if not part.fixed and part.text != "*":
                hint = "write * to keep the name, or one name (in backticks when it holds * or ?)"
                self.fail(f"{place}.to", f"the {what} {part.text!r} is a pattern", hint)
        if target.name.fixed and not source.name.fixed:
            why = f"the tables of {move.from_!r} would all become the one table {move.to!r}"
            self.fail(f"{place}.to", why, f"write {target.endpoint}:{target.schema}.*")
        if (
            source.endpoint == target.endpoint
            and _keeps(source.schema, target.schema)
            and _keeps(source.name, target.name)
        ):
            self.fail(place, f"{move.from_!r} would move onto itself", "name another endpoint, schema or table in `to`")
        for key, globs in (
            ("include", move.include),
            ("exclude", move.exclude),
            ("where", tuple(move.where)),
            ("prune", move.prune),
        ):
            self.check_globs(globs, f"{place}.{key}")
        for table, condition in move.where.items():
            if not condition.strip():
                self.fail(
                    _join(f"{place}.where", table), "the condition is empty", "leave the line out to move all rows"
                )
        inherited = {key: getattr(options, key) for key in INHERITED if key not in values}
        for key in inherited:
            if self.origin[f"options.{key}"] != "default":
                self.origin[f"move[{number}].{key}"] = f"options.{key}"
        return msgspec.structs.replace(self.with_stored(move, place), **inherited)

    def with_stored(self, rules: _Rules, place: str) -> _Rules:
        """The options or the move with what both may say, checked."""
        dated = rules.dated_tables
        self.check_globs(() if isinstance(dated, bool) else dated, f"{place}.dated_tables")
        try:
            definer = read_definer(rules.definer)
        except TextError as error:
            raise BadConfig(self.path, f"{place}.definer", str(error), error.hint) from error
        return msgspec.structs.replace(rules, dated_tables=dated or False, definer=definer)

    def pattern(self, text: str, place: str, refs: Mapping[str, EndpointRef]) -> Pattern:
        try:
            pattern = parse_pattern(text)
        except ValueError as error:
            self.fail(
                place, f"cannot read the pattern {text!r}: {error}", "write endpoint:schema.table, * and ? allowed"
            )
        if pattern.endpoint not in refs:
            near = difflib.get_close_matches(pattern.endpoint, refs, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(refs)}"
            self.fail(place, f"there is no endpoint {pattern.endpoint!r}", hint)
        return pattern

    def check_globs(self, globs: tuple[str, ...], place: str) -> None:
        for glob in globs:
            if "." not in glob and not glob.startswith("*"):
                self.fail(place, f"{glob!r} matches no table", f"write schema.table, as in '*.{glob}'")

    # -- values ----------------------------------------------------------------------------------------------------

    def check_name(self, name: object, place: str) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            hint = "start with a letter, then letters, digits, _ and - (100 at most)"
            self.fail(place, f"{name!r} is not a name that works here", hint)

    def table(
        self,
        content: object,
        kind: type[msgspec.Struct],
        place: str,
        *,
        skip: tuple[str, ...] = (),
        verbatim: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Filled-in values of a table whose keys are all known, without those of `skip`; notes their origins."""
        if not isinstance(content, dict):
            self.fail(place, f"expected a table, got {_word(type(content).__name__)}")
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        known = [key for key in fields if key not in _LATER[kind]]
        for key in content:
            if key in _LATER[kind]:
                self.fail(_join(place, key), "not supported in this version", "leave it out")
            if key not in known:
                near = difflib.get_close_matches(str(key), (*known, *_LATER[kind]), 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
                if near and near[0] not in known:
                    hint += " It is not supported in this version"
                self.fail(_join(place, key), "unknown key", hint)
        values: dict[str, Any] = {}
        for key in known:
            if key in skip:
                continue
            dotted = _join(place, key).removeprefix("$.")
            self.origin[dotted] = self.came_from(content[key]) if key in content else "default"
            if key in content:
                value = content[key] if key in verbatim else self.fill(content[key], _join(place, key))
                template = isinstance(content[key], str) and variables(content[key])
                if fields[key].type is Rate:
                    values[key] = self.rate(value, _join(place, key))
                else:
                    values[key] = self.number(value, fields[key].type, _join(place, key)) if template else value
        return values

    def came_from(self, value: object) -> str:
        names = ", ".join(name for name in variables(value) if name in self.env)
        if self.path == "environment":
            return f"environment {names}" if names else "default"
        return f"{self.path}, environment {names}" if names else self.path

    def fill(self, value: Any, place: str) -> Any:
        """Every text in `value` with its variables filled in."""
        if isinstance(value, str):
            try:
                return expand(value, self.env)
            except TextError as error:
                raise BadConfig(self.path, place, str(error), error.hint) from error
        if isinstance(value, list):
            return [self.fill(item, f"{place}[{number}]") for number, item in enumerate(value)]
        if isinstance(value, dict):
            return {key: self.fill(item, _join(place, key)) for key, item in value.items()}
        return value

    def number(self, text: str, kind: object, place: str) -> object:
        """A variable is always text: make it what the field wants."""
        if kind is bool or bool in get_args(kind):
            if text.lower() not in ("true", "false"):
                self.fail(place, f"expected true or false, got {text!r}")
            return text.lower() == "true"
        if kind is int:
            if not re.fullmatch(r"[0-9]{1,18}", text.strip()):
                self.fail(place, f"expected a whole number, got {text!r}")
            return int(text)
        return text

    def rate(self, value: object, place: str) -> object:
        """Text with a unit becomes a number; what is neither text nor a number is for `convert` to refuse."""
        try:
            if isinstance(value, str):
                return parse_rate(value)
            return checked_rate(value) if type(value) is int else value
        except ValueError as error:
            self.fail(place, str(error))

    def convert(self, values: Mapping[str, Any], kind: type[_T], place: str) -> _T:
        """The Struct, or the place of what has the wrong type."""
        try:
            return msgspec.convert(values, kind)
        except msgspec.ValidationError as error:
            message = str(error)
            found = _PLACE.search(message)
            why = message[: found.start()] if found else message
            where = place + (found.group(1) if found else "")
            wrong = _UNKNOWN_TYPE.fullmatch(why)
            hint = ""
            if wrong and wrong.group(1) == "str":
                hint = "put it in quotes" if wrong.group(2) != "object" else "put the whole name before = in quotes"
            if wrong:
                why = f"expected {_word(wrong.group(1))}, got {_word(wrong.group(2))}"
            raise BadConfig(self.path, where, why, hint) from error


def _keeps(source: Part, target: Part) -> bool:
    return target.text == source.text or (target.text == "*" and not target.literal)


def _word(name: str) -> str:
    return " or ".join(_WORDS.get(one, one) for one in name.split(" | "))


def _join(place: str, key: object) -> str:
    return f"{place}.{key}" if isinstance(key, str) and re.fullmatch(r"[\w-]+", key) else f"{place}[{key!r}]"


def _secret_variable(name: str) -> str:
    return re.sub("[^A-Za-z0-9]", "_", name).upper() + "_PASSWORD"


def require_moves(loaded: Loaded) -> None:
    """Raises `BadConfig` when nothing says what moves: `analyze` can do without, `plan` cannot."""
    if not loaded.config.move:
        hint = (
            "write [[move]] with from and to"
            if loaded.path != "environment"
            else "set SOURCE_DB_NAME and TARGET_DB_HOST"
        )
        raise BadConfig(loaded.path, "$.move", "nothing says what moves", hint)


def resolve_secrets(
    name: str, ref: EndpointRef, env: Mapping[str, str], secrets: Mapping[str, str] | None = None
) -> EndpointRef:
    """The endpoint with its password; `secrets` are `Loaded.secrets`, absent for an endpoint out of a plan.

    Raises `BadConfig` when a variable is not set.
    """
    if secrets and name in secrets:
        return msgspec.structs.replace(ref, password=secrets[name])
    try:
        return msgspec.structs.replace(ref, password=expand(ref.password, env))
    except TextError as error:
        raise BadConfig(f"endpoint {name}", "password", str(error), error.hint) from error
