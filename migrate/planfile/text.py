"""A plan as canonical TOML: the same plan gives the same text, and `decode` gives the plan back."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

import tomli_w

from migrate.model.plan import Plan, Step
from migrate.planfile.seals import check_text, plain_of

_LINE = 100
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
    "was",
    "seen",
    "afresh",
    "partition",
)
_STEP_ALWAYS = frozenset({"risk", "protocol"})
_AS_IT_IS = re.compile(r"[ !#-\[\]-~]*")
_ESCAPED = re.compile(r'\\|[\x00-\x08\x0b-\x1f\x7f]|"(?="")|"\Z')
"""What may not stand as it is in a multi-line string of ours. tomli-w would escape every quote and lose `\\r\\n`."""


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
    plain = plain_of(step, _STEP_ALWAYS)
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
        yield from _endpoint(f"endpoint.{_key(name)}", plain_of(endpoint, frozenset({"host", "port"})))
    for move in plan.move:
        plain = plain_of(move, frozenset({"existing", "compare"}))
        where = plain.pop("where", None)
        yield _table("[[move]]", plain)
        if where:
            yield _table("[move.where]", dict(sorted(where.items())))
    for planned in plan.object:
        yield _table("[[object]]", plain_of(planned))
    for step in plan.step:
        yield from _step_tables(step)
    for finding in plan.finding:
        yield _table("[[finding]]", plain_of(finding))


def _endpoint(place: str, plain: dict[str, Any]) -> Iterable[str]:
    store, buckets = plain.pop("s3", None), plain.pop("bucket", {})
    yield _table(f"[{place}]", plain)
    if store:
        yield _table(f"[{place}.s3]", store)
    for name, content in sorted(buckets.items()):
        yield _table(f"[{place}.bucket.{_key(name)}]", content)


def encode(plan: Plan) -> str:
    """Canonical TOML: the same plan gives the same text. Raises `BadPlan` when UTF-8 cannot hold a text."""
    check_text(plain_of(plan), "$")
    return "\n".join(_tables(plan))
