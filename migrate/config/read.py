"""Reading a configuration: a file, or the environment, into `Config`, with the place of whatever is wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from migrate.config.definer import read_definer
from migrate.config.lake import LAKE_ONLY, LAKE_PORT, MYSQL_ONLY, SECRETS, Lakes
from migrate.config.text import TextError, expand, parse_toml, parse_yaml
from migrate.config.tree import INHERITED, Config, Loaded, Options, join
from migrate.errors import BadConfig, MissingFile
from migrate.model.pattern import Part, Pattern, canonical, parse_pattern
from migrate.model.plan import EndpointRef, Move, S3Ref
from migrate.model.table import spell

FILES = ("migrate.toml", "migration.yaml", "migration.yml")
"""Looked for in this order, in the working folder."""

MOST_THREADS = 100_000
"""What `max_threads_running` may be: as many connections as a server takes."""

_SECRET = re.compile(r"(\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\})+")
_ENGINES = ("mysql", "lake")

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


class _Reader(Lakes):
    """One reading of one document: remembers where values come from, and raises `BadConfig` with their places."""

    def __init__(self, path: str, env: Mapping[str, str]) -> None:
        super().__init__(path, env)
        self.secrets: dict[str, str] = {}

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
        refs = self.with_ledgers(refs, rules)
        return Loaded(Config(head.name, refs, rules, options, literal), self.path, self.origin, self.secrets)

    # -- parts of the tree -----------------------------------------------------------------------------------------

    def endpoint(self, name: object, content: object, literal: bool) -> EndpointRef:
        place = join("$.endpoint", name)
        self.check_name(name, place)
        raw = content if isinstance(content, dict) else {}
        engine = raw.get("engine")
        lake = engine == "lake"
        foreign = dict.fromkeys(MYSQL_ONLY, "means nothing of a lake") if lake else {}
        foreign |= dict.fromkeys(LAKE_ONLY, "means something of a lake only") if engine == "mysql" else {}
        nested = ("s3", "bucket")
        values = self.table(content, EndpointRef, place, skip=nested, verbatim=("password", "token"), foreign=foreign)
        if "engine" not in values:
            self.fail(f"{place}.engine", "is missing", 'write engine = "mysql" or engine = "lake"')
        ref = self.convert(values, EndpointRef, place)
        if ref.engine not in _ENGINES:
            self.fail(f"{place}.engine", f"unknown engine {ref.engine!r}", f"this version knows {', '.join(_ENGINES)}")
        if lake:
            if "port" not in values:
                ref = msgspec.structs.replace(ref, port=LAKE_PORT)
            ref = self.lake(ref, raw, place)
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
                how = "endpoint:schema.table (of a lake endpoint:catalog.schema.table), * and ? allowed"
                self.fail(f"{place}.{key}", "is missing", f'write {key} = "{how}"')
        if values.get("existing") == "replace":
            self.fail(f"{place}.existing", "'replace' is not supported in this version", "use 'sync' or 'fail'")
        move = self.convert(values, Move, place)
        source = self.pattern(move.from_, f"{place}.from", refs)
        target = self.pattern(move.to, f"{place}.to", refs)
        parts = [(target.schema, "schema"), (target.name, "table")]
        parts += [(target.catalog, "catalog")] if target.catalog else []
        for part, what in parts:
            if not part.fixed and part.text != "*":
                hint = "write * to keep the name, or one name (in backticks when it holds * or ?)"
                self.fail(f"{place}.to", f"the {what} {part.text!r} is a pattern", hint)
        if target.name.fixed and not source.name.fixed:
            why = f"the tables of {move.from_!r} would all become the one table {move.to!r}"
            self.fail(f"{place}.to", why, f"write {target.endpoint}:{target.schema}.*")
        if (
            source.endpoint == target.endpoint
            and _keeps(source.catalog or Part(""), target.catalog or Part(""))
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
                    join(f"{place}.where", table), "the condition is empty", "leave the line out to move all rows"
                )
        move = self.lake_move(move, values, refs[source.endpoint], refs[target.endpoint], place)
        move = msgspec.structs.replace(move, from_=canonical(source), to=canonical(target))
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
        ref = refs.get(text.partition(":")[0])
        lake = ref is not None and ref.engine == "lake"
        try:
            pattern = parse_pattern(text, catalogs=lake)
        except ValueError as error:
            names = "catalog.schema.table" if lake else "schema.table"
            self.fail(place, f"cannot read the pattern {text!r}: {error}", f"write endpoint:{names}, * and ? allowed")
        if pattern.endpoint not in refs:
            near = difflib.get_close_matches(pattern.endpoint, refs, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(refs)}"
            self.fail(place, f"there is no endpoint {pattern.endpoint!r}", hint)
        return pattern

    def check_globs(self, globs: tuple[str, ...], place: str) -> None:
        for glob in globs:
            if "." not in glob and not glob.startswith("*"):
                self.fail(place, f"{glob!r} matches no table", f"write schema.table, as in '*.{glob}'")


def _keeps(source: Part, target: Part) -> bool:
    return target.text == source.text or (target.text == "*" and not target.literal)


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
    """The endpoint with its secrets; `secrets` are `Loaded.secrets`, absent for an endpoint out of a plan.

    Raises `BadConfig` when a variable is not set.
    """

    def filled(text: str, key: str) -> str:
        try:
            return expand(text, env)
        except TextError as error:
            raise BadConfig(f"endpoint {name}", key, str(error), error.hint) from error

    def store(one: S3Ref, place: str) -> S3Ref:
        return msgspec.structs.replace(one, **{key: filled(getattr(one, key), f"{place}.{key}") for key in SECRETS})

    literal = (secrets or {}).get(name)
    return msgspec.structs.replace(
        ref,
        password=filled(ref.password, "password") if literal is None else literal,
        token=filled(ref.token, "token"),
        s3=store(ref.s3, "s3"),
        bucket={bucket: store(one, f"bucket.{bucket}") for bucket, one in ref.bucket.items()},
    )
