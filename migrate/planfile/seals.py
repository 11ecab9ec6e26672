"""Seals and digests of a plan, taken over its decoded values: line ends, comments and white space do not matter.

A field that equals its default counts as absent: a later version may add fields without breaking older plans, but must
raise `FORMAT` when it changes a default. What moves with the data (`[step.estimate]`) is outside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from migrate.errors import BadPlan, BrokenSeal
from migrate.model.plan import Plan, Step

_OUTSIDE = "something outside the steps (the head, an endpoint, a move, an object, a finding, or the list of steps)"


def plain_of(value: object, always: frozenset[str] = frozenset()) -> Any:
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
                out[key] = plain_of(content)
        return out
    if isinstance(value, tuple):
        return [plain_of(item) for item in value]
    if isinstance(value, dict):
        return {key: plain_of(item) for key, item in value.items()}
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
    return "h1:" + _hash(plain_of(seen))[:32]


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
    plain = plain_of(plan)
    check_text(plain, "$")
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


def check_text(value: object, place: str) -> None:
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
            check_text(key, place)
            check_text(content, f"{place}.{key}" if key.isidentifier() else f"{place}[{key!a}]")
    elif isinstance(value, list):
        for number, content in enumerate(value):
            check_text(content, f"{place}[{number}]")


def check_seals(plan: Plan, path: str) -> None:
    plain = plain_of(plan)
    for number, (step, content) in enumerate(zip(plan.step, plain.get("step", ()), strict=True), 1):
        if step.seal != _step_seal(content):
            raise BrokenSeal(path, f"step {step.id!r} (number {number} in the file)")
    if plan.digest != _digest(plain):
        raise BrokenSeal(path, _OUTSIDE)
