"""What the configuration says of lakes: stores and their keys, and moves of tables whose rows are files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from migrate.config.tree import join
from migrate.config.values import Values
from migrate.model.pattern import endpoint_of
from migrate.model.plan import EndpointRef, Move, S3Ref

LAKE_PORT = 8080
"""Trino's own default."""
LEDGER = "_migrate"
"""The folder of a bucket for locks, finished steps and manifests; such names are hidden from Hive."""
SECRETS = ("access_key", "secret_key")
LAKE_ONLY = ("https", "token", "s3", "bucket", "ledger")
MYSQL_ONLY = ("ssl_cert", "ssl_key")
"""Keys of an endpoint that mean something of one engine only."""
_MOVES = ("method", "partitions", "location", "via", "analyze", "replace_managed")

_TEMPLATE = re.compile(r"(\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\})+")
_LOCATION = re.compile(r"s3a?://(?P<bucket>[^/\s?#]+)(?P<path>(/[^/\x00-\x1f\x7f]+)*)/?")


class Lakes(Values):
    """The parts of a reading that are about lakes."""

    def lake(self, ref: EndpointRef, raw: Mapping[str, Any], place: str) -> EndpointRef:
        """The endpoint with its stores, checked."""
        self._template(ref.token, f"{place}.token")
        if (ref.password or ref.token) and not ref.https:
            self.fail(place, "a password or a token goes over https only", "write https = true")
        if ref.password and ref.token:
            self.fail(place, "a password and a token are two ways to log in", "leave one of them out")
        if not ref.user and not ref.token:
            self.fail(f"{place}.user", "is missing: Trino wants one", 'write user = "etl"')
        buckets = raw.get("bucket", {})
        if not isinstance(buckets, dict):
            self.fail(f"{place}.bucket", "expected a table", f'write [{place.removeprefix("$.")}.bucket."NAME"]')
        common = self._store(raw.get("s3", {}), f"{place}.s3", S3Ref())
        stores = {name: self._store(one, join(f"{place}.bucket", name), common) for name, one in buckets.items()}
        ledger = self._location(ref.ledger, f"{place}.ledger") if ref.ledger else ""
        return msgspec.structs.replace(ref, s3=common, bucket=stores, ledger=ledger)

    def _store(self, content: object, place: str, common: S3Ref) -> S3Ref:
        """A store's settings; what is not said is as it is in `common`."""
        values = self.table(content, S3Ref, place, verbatim=SECRETS)
        store = self.convert(values, S3Ref, place)
        for key in SECRETS:
            self._template(getattr(store, key), f"{place}.{key}")
        if bool(store.access_key) != bool(store.secret_key):
            self.fail(place, "access_key and secret_key go together")
        if store.access_key and store.profile:
            self.fail(place, "a profile and a pair of keys are two ways to log in", "leave one of them out")
        if store.endpoint and not re.fullmatch(r"https?://[^/\s@]+/?", store.endpoint):
            self.fail(f"{place}.endpoint", f"{store.endpoint!r} is no address", 'write endpoint = "http://host:port"')
        said = {key: value for key, value in msgspec.structs.asdict(store).items() if value}
        if {"profile", *SECRETS} & said.keys():
            common = msgspec.structs.replace(common, profile="", access_key="", secret_key="")
        return msgspec.structs.replace(common, **said)

    def _template(self, text: str, place: str) -> None:
        if text and not _TEMPLATE.fullmatch(text):
            variable = re.sub("[^A-Za-z0-9]+", "_", place.removeprefix("$.endpoint.")).upper()
            hint = f'write "${{{variable}}}" and export {variable}'
            self.fail(place, "a secret is written out here, and configurations get committed", hint)

    def _location(self, text: str, place: str) -> str:
        """An `s3://` location as this product spells it."""
        found = _LOCATION.fullmatch(text)
        if found is None or any(part in (".", "..") for part in found["path"].split("/")):
            self.fail(place, f"{text!r} is no location", 'write "s3://bucket/folder"')
        return f"s3://{found['bucket']}{found['path']}"

    def lake_move(
        self, move: Move, values: Mapping[str, Any], source: EndpointRef, target: EndpointRef, place: str
    ) -> Move:
        """A move as its ends allow it."""
        if source.engine != target.engine:
            why = f"from {source.engine} to {target.engine}: tables move within one engine in this version"
            self.fail(place, why, "name an endpoint of the same engine in `to`")
        if target.engine != "lake":
            for key in _MOVES:
                if key in values:
                    self.fail(f"{place}.{key}", "means something of lakes only", "leave it out")
            return move
        if not move.location:
            self.fail(f"{place}.location", "is missing: where the files go", 'write location = "s3://bucket/folder"')
        if move.where and move.method == "copy_files":
            self.fail(f"{place}.where", "files are copied whole", 'use partitions = "…", or method = "insert_select"')
        return msgspec.structs.replace(move, location=self._location(move.location, f"{place}.location"))

    def with_ledgers(self, refs: Mapping[str, EndpointRef], moves: tuple[Move, ...]) -> dict[str, EndpointRef]:
        """The endpoints; a lake that is written to has a ledger: if not said, one in the bucket that files go to.

        Every configuration that writes there finds the same locks and proofs, whatever the locations are. Of several
        buckets none is the one that others would look in.
        """
        found = dict(refs)
        for name, ref in refs.items():
            buckets: dict[str, int] = {}
            for number, move in enumerate(moves):
                if ref.engine == "lake" and not ref.ledger and endpoint_of(move.to) == name:
                    buckets.setdefault(move.location.removeprefix("s3://").partition("/")[0], number)
            if len(buckets) > 1:
                first, *more = buckets
                why = f"is missing: files go into {first} and {', '.join(more)}, and locks and proofs are in one place"
                hint = f'write ledger = "s3://{first}/{LEDGER}", the same wherever these tables are written to'
                self.fail(f"{join('$.endpoint', name)}.ledger", why, hint)
            for bucket, number in buckets.items():
                found[name] = msgspec.structs.replace(ref, ledger=f"s3://{bucket}/{LEDGER}")
                self.origin[f"endpoint.{name}.ledger"] = f"move[{number}].location"
        return found
