"""The plan as a file: canonical TOML, sealed.

Two rules hold for every plan that `seal` made: `decode(encode(plan)) == plan`, and `encode(decode(text)) == text` for
every text that `encode` wrote. The seals and the digest are taken over decoded values, so that line ends, comments and
white space outside strings do not matter. What moves with the data (`[step.estimate]`) is outside both.

A field that equals its default counts as absent in seals and digest: a later version may add fields without breaking
older plans, but must raise `FORMAT` when it changes a default.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from migrate.errors import BadPlan, BrokenPlan, BrokenSeal, CannotWrite, MissingFile, UsageError, WrongDigest
from migrate.model.plan import Plan, Step

FORMAT = 1
"""The format this version reads and writes."""

_HINT_MISSING = "make it with `migrate plan`"
_LINE = 100
_OUTSIDE = "something outside the steps (the head, an endpoint, a move, an object, a finding, or the list of steps)"
_STEP_TABLES = ("session", "outside")
_STEP_LISTS = ("part", "batch")
_STEP_KEYS = (
    "id",
    "kind",
    "action",
    "source",
    "target",
    "after",
    "risk",
    "blocked",
    "protocol",
    "key",
    "where",
    "prune",
    "extra",
    "spare",
    "origin",
    "goal",
    "way",
    "aside",
    "kept",
    "afresh",
    "partition",
)
_STEP_ALWAYS = frozenset({"risk", "protocol"})
_PLACE = re.compile(r" - at `(.*)`\Z")
_STEP_PLACE = re.compile(r"\$\.step\[(\d+)\]")
_STEP_HEADER = re.compile(r"^(?=[ \t]*\[\[[ \t]*step[ \t]*\]\])", re.MULTILINE)
_STEP_ID = re.compile(r'^id = "(.*)"', re.MULTILINE)
_AS_IT_IS = re.compile(r"[ !#-\[\]-~]*")
_ESCAPED = re.compile(r'\\|[\x00-\x08\x0b-\x1f\x7f]|"(?="")|"\Z')
"""What may not stand as it is in a multi-line string of ours. tomli-w would escape every quote and lose `\\r\\n`."""
_PREFIX = re.compile(r"(?:sha256:)?([0-9a-f]{12,64})\Z")


def round_estimate(n: int) -> int:
    """`n` (0 or more) to two significant digits, halves up."""
    unit: int = 10 ** max(len(str(n)) - 2, 0)
    return (n + unit // 2) // unit * unit


# -- seals ---------------------------------------------------------------------------------------------------------


def _plain(value: object, always: frozenset[str] = frozenset()) -> Any:
    """Structs as dicts without what equals a default; `always` are fields of the outermost that stay.

    msgspec's own `omit_defaults` compares by identity, so that a decoded plan would differ from the one that was built.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        out: dict[str, Any] = {str(config.tag_field): config.tag} if config.tag_field else {}
        for name, key, default in _fields(type(value)):
            content = getattr(value, name)
            if content != default or key in always:
                out[key] = _plain(content)
        return out
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, str, object], ...]:
    """Of each field its name, what it is called in a file, and its default."""
    return tuple(
        (
            field.name,
            field.encode_name,
            field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory(),
        )
        for field in msgspec.structs.fields(kind)
    )


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def fingerprint(seen: msgspec.Struct) -> str:
    """What stands in a plan for something that inspect saw: a hash of all its values but defaults."""
    return "h1:" + _hash(_plain(seen))[:32]


def _step_seal(plain: Mapping[str, Any]) -> str:
    return _hash({key: content for key, content in plain.items() if key not in ("estimate", "seal")})[:12]


def _digest(plain: Mapping[str, Any]) -> str:
    sealed = {key: content for key, content in plain.items() if key != "digest"}
    if "step" in plain:
        sealed["step"] = [{key: step[key] for key in step if key != "estimate"} for step in plain["step"]]
    return "sha256:" + _hash(sealed)


def seal(plan: Plan) -> Plan:
    """The plan with a seal in every step and its digest; whatever stood there is replaced.

    Raises `BadPlan` when a text cannot be written as UTF-8. ValueError: a step id is there twice, or a step stands
    before one that it is `after` (a mistake of the caller).
    """
    _check_order(plan.step)
    plain = _plain(plan)
    _check_text(plain, "$")
    for step in plain.get("step", ()):
        step["seal"] = _step_seal(step)
    pairs = zip(plan.step, plain.get("step", ()), strict=True)
    steps = tuple(msgspec.structs.replace(step, seal=sealed["seal"]) for step, sealed in pairs)
    return msgspec.structs.replace(plan, step=steps, digest=_digest(plain))


def _check_order(steps: Iterable[Step]) -> None:
    seen: set[str] = set()
    for step in steps:
        if step.id in seen:
            raise ValueError(f"two steps have the id {step.id!r}")
        if missing := [other for other in step.after if other not in seen]:
            raise ValueError(f"step {step.id!r} stands before {missing[0]!r}, which it is after")
        seen.add(step.id)


def _check_text(value: object, place: str) -> None:
    """TOML files are UTF-8: a lone surrogate has no place in one."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise BadPlan(
                f"the plan cannot be written: {place} holds a character that UTF-8 does not have "
                f"({value[error.start]!a} at position {error.start + 1})",
                "rename or exclude that object",
            ) from error
    elif isinstance(value, dict):
        for key, content in value.items():
            _check_text(key, place)
            _check_text(content, f"{place}.{key}" if key.isidentifier() else f"{place}[{key!a}]")
    elif isinstance(value, list):
        for number, content in enumerate(value):
            _check_text(content, f"{place}[{number}]")


def _check_seals(plan: Plan, path: str) -> None:
    plain = _plain(plan)
    for number, (step, content) in enumerate(zip(plan.step, plain.get("step", ()), strict=True), 1):
        if step.seal != _step_seal(content):
            raise BrokenSeal(path, f"step {step.id!r} (number {number} in the file)")
    if plan.digest != _digest(plain):
        raise BrokenSeal(path, _OUTSIDE)


# -- writing -------------------------------------------------------------------------------------------------------


def _scalar(value: object) -> str:
    return tomli_w.dumps({"k": value})[len("k = ") : -1]


def _key(key: str) -> str:
    return tomli_w.dumps({key: 0}).removesuffix(" = 0\n")


def _escape(found: re.Match[str]) -> str:
    sign = found.group()
    return {"\r": "\\r", "\\": "\\\\", '"': '\\"'}.get(sign) or f"\\u{ord(sign):04X}"


def _line(key: str, value: object) -> str:
    """`key = value`, ending in a line feed; several lines only where reading them gives the value back exactly."""
    if isinstance(value, str) and _AS_IT_IS.fullmatch(value) and key.isidentifier() and key.isascii():
        return f'{key} = "{value}"\n'  # what tomli_w writes, much sooner
    if isinstance(value, str) and "\n" in value:
        text = f'{_key(key)} = """\n{_ESCAPED.sub(_escape, value)}"""\n'
        if tomllib.loads(text) == {key: value}:
            return text
    if isinstance(value, list):
        text = f"{key} = [{', '.join(map(_scalar, value))}]\n"
        if len(text) <= _LINE:
            return text
        if any('"' in item or "\n" in item for item in value):  # statements
            items = (f'"""\n{_ESCAPED.sub(_escape, item)}""",\n' for item in value)
            text = f"{key} = [\n{''.join(items)}]\n"
            if tomllib.loads(text) == {key: value}:
                return text
    return tomli_w.dumps({key: value})


def _table(header: str, content: Mapping[str, Any]) -> str:
    return "".join((f"{header}\n" if header else "", *(_line(key, value) for key, value in content.items())))


def _step_tables(step: Step) -> Iterable[str]:
    plain = _plain(step, _STEP_ALWAYS)
    estimate, *tables = plain.pop("estimate", None), *((name, plain.pop(name, None)) for name in _STEP_TABLES)
    lists = {name: plain.pop(name, ()) for name in _STEP_LISTS}
    order = (*_STEP_KEYS, *sorted(plain.keys() - {*_STEP_KEYS, "seal", "sql"}), "seal", "sql")
    yield _table("[[step]]", {key: plain[key] for key in order if key in plain})
    for name, content in tables:
        if content:
            yield _table(f"[step.{name}]", dict(sorted(content.items())))
    if estimate:
        yield _table("[step.estimate]", estimate)
    for name, content in lists.items():
        for item in content:
            yield _table(f"[[step.{name}]]", item)


def _tables(plan: Plan) -> Iterable[str]:
    head = ("format", "name", "digest", "parallelism", "per_server")
    values = {key: getattr(plan, key) for key in head if key != "digest" or plan.digest}
    yield _table("", values | {key: value for key in ("max_rate", "again") if (value := getattr(plan, key))})
    for name, endpoint in sorted(plan.endpoint.items()):
        yield from _endpoint(f"endpoint.{_key(name)}", _plain(endpoint, frozenset({"host", "port"})))
    for move in plan.move:
        plain = _plain(move, frozenset({"existing", "compare"}))
        where = plain.pop("where", None)
        yield _table("[[move]]", plain)
        if where:
            yield _table("[move.where]", dict(sorted(where.items())))
    for planned in plan.object:
        yield _table("[[object]]", _plain(planned))
    for step in plan.step:
        yield from _step_tables(step)
    for finding in plan.finding:
        yield _table("[[finding]]", _plain(finding))


def _endpoint(place: str, plain: dict[str, Any]) -> Iterable[str]:
    store, buckets = plain.pop("s3", None), plain.pop("bucket", {})
    yield _table(f"[{place}]", plain)
    if store:
        yield _table(f"[{place}.s3]", store)
    for name, content in sorted(buckets.items()):
        yield _table(f"[{place}.bucket.{_key(name)}]", content)


def encode(plan: Plan) -> str:
    """Canonical TOML: the same plan gives the same text. Raises `BadPlan` when UTF-8 cannot hold a text."""
    _check_text(_plain(plan), "$")
    return "\n".join(_tables(plan))


def write(path: Path, plan: Plan) -> None:
    """Put a sealed plan at `path`, whole or not at all; folders on the way are made.

    The text is read back and compared before it takes the old one's place. Raises `BrokenSeal` for a plan that was not
    sealed, `CannotWrite` when the disk refuses, `BadPlan` when UTF-8 cannot hold a text.
    """
    _check_seals(plan, str(path))
    text = encode(plan)
    if decode(text, str(path)) != plan:
        raise BadPlan(f"the plan {path} would not read back as it was made; it was not written")
    real = Path(os.path.realpath(path))  # a link stays a link
    temporary = real.with_name(f".{real.name}.{secrets.token_hex(4)}.tmp")
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            if temporary.read_bytes() != text.encode():
                raise BadPlan(f"the disk gave back other bytes than were written; {path} was not replaced")
            temporary.replace(real)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
        folder = os.open(real.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise CannotWrite(str(path), "plan", error.strerror or str(error)) from error


# -- reading -------------------------------------------------------------------------------------------------------


def read(path: Path) -> Plan:
    """The plan in a file. Raises `MissingFile`, `BrokenPlan` and `BrokenSeal`."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise MissingFile(str(path), "plan", _HINT_MISSING) from error
    except OSError as error:
        why = f"cannot be read: {error.strerror or error}"
        raise MissingFile(str(path), "plan", _HINT_MISSING, why) from error
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        good = raw[: error.start].decode()
        place = _culprit(good + "\x00" + raw[error.end :].decode(errors="replace"))
        raise BrokenPlan(str(path), f"{place}line {good.count(chr(10)) + 1} is not UTF-8") from error
    return decode(text, str(path))


def decode(text: str, path: str) -> Plan:
    """The plan in a text; `path` is for messages.

    Raises `BrokenPlan` with the place for what is no plan of this format, `BrokenSeal` for an edited one.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: a number too long for int() is not a TOMLDecodeError
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BrokenPlan(path, f"{_culprit(text)}{why}") from error
    number = document.get("format")
    if type(number) is not int or number < 1:
        raise BrokenPlan(path, "`format = 1` is missing at its head")
    if number > FORMAT:
        raise BrokenPlan(path, f"it was written by a newer migrate (format {number}, this one reads {FORMAT})")
    try:
        plan = msgspec.convert(document, Plan)
    except msgspec.ValidationError as error:
        raise BrokenPlan(path, _explain(str(error), document)) from error
    _check_seals(plan, path)
    return plan


def _explain(message: str, document: Mapping[str, Any]) -> str:
    """msgspec's sentence with the place in front, steps by their id."""
    found = _PLACE.search(message)
    place = found.group(1) if found else "$"
    why = message[: found.start()] if found else message
    if step := _STEP_PLACE.match(place):
        number = int(step.group(1))
        step_id = document["step"][number].get("id") if isinstance(document["step"][number], dict) else None
        return f"step {step_id!r} (number {number + 1} in the file): {place}: {why}"
    return f"{place}: {why}"


def _culprit(text: str) -> str:
    """Which step makes the text unreadable: the first that cannot be read by itself. Empty: none, or not a step."""
    head, *steps = _STEP_HEADER.split(text)
    if not _readable(head):
        return ""
    for number, step in enumerate(steps, 1):
        if not _readable(step):
            found = _STEP_ID.search(step)
            return f"step {found.group(1) if found else '?'!r} (number {number} in the file): "
    return ""


def _readable(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def require_digest(plan: Plan, path: str, expected: str) -> None:
    """Raises `WrongDigest` unless `expected` is the plan's digest, or 12 hex digits or more of its beginning.

    `UsageError` when `expected` is no digest at all.
    """
    found = _PREFIX.match(expected.strip().lower())
    if found is None:
        raise UsageError(
            f"{expected!r} is not a digest", "give 12 or more of its hex digits; `migrate show PLAN` prints it"
        )
    if not plan.digest.removeprefix("sha256:").startswith(found.group(1)):
        raise WrongDigest(path, expected.strip(), plan.digest)
