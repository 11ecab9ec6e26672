"""What a configuration says of lakes: stores, keys, moves of tables whose rows are files."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.config import load, resolve_secrets
from migrate.errors import BadConfig
from migrate.model.plan import S3Ref

HEAD = """
name = "sales"
[endpoint.old]
engine = "lake"
user = "etl"
[endpoint.old.s3]
endpoint = "http://127.0.0.1:9000"
region = "us-east-1"
access_key = "${OLD_KEY}"
secret_key = "${OLD_SECRET}"
[endpoint.old.bucket."archive.2020"]
region = "eu-west-1"
[endpoint.old.bucket.mine]
profile = "mine"
[endpoint.new]
engine = "lake"
user = "etl"
host = "trino.example.org"
port = 443
https = true
token = "${NEW_TOKEN}"
"""
MOVE = """
[[move]]
from = "old:hive.sales.*"
to = "new:hive.sales.*"
location = "s3://new-bucket/sales/"
"""
ENV = {"OLD_KEY": "the-key", "OLD_SECRET": "the-secret", "NEW_TOKEN": "the-token"}


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "migrate.toml"
    path.write_text(text)
    return load(path, ENV)


def config_of(tmp_path: Path, text: str = HEAD + MOVE):  # type: ignore[no-untyped-def]
    path = tmp_path / "migrate.toml"
    path.write_text(text)
    return load(path, ENV).config


def refused(tmp_path: Path, text: str) -> BadConfig:
    with pytest.raises(BadConfig) as caught:
        read(tmp_path, text)
    return caught.value


def test_a_lake_has_trinos_port_and_its_stores(tmp_path: Path) -> None:
    old = config_of(tmp_path).endpoint["old"]
    assert (old.port, old.host) == (8080, "127.0.0.1")
    common = S3Ref("http://127.0.0.1:9000", "us-east-1", "", "${OLD_KEY}", "${OLD_SECRET}")
    assert old.s3 == common
    assert old.bucket["archive.2020"] == S3Ref("http://127.0.0.1:9000", "eu-west-1", "", "${OLD_KEY}", "${OLD_SECRET}")
    assert old.bucket["mine"] == S3Ref("http://127.0.0.1:9000", "us-east-1", "mine")


def test_secrets_stay_templates_until_they_are_asked_for(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    assert "the-" not in repr(config)
    old = resolve_secrets("old", config.endpoint["old"], ENV)
    assert (old.s3.access_key, old.s3.secret_key) == ("the-key", "the-secret")
    assert old.bucket["archive.2020"].secret_key == "the-secret"
    assert resolve_secrets("new", config.endpoint["new"], ENV).token == "the-token"
    with pytest.raises(BadConfig, match="OLD_KEY is not set"):
        resolve_secrets("old", config.endpoint["old"], {})


def test_what_is_written_to_has_one_ledger_in_its_bucket_wherever_files_go_there(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    assert config.endpoint["new"].ledger == "s3://new-bucket/_migrate"
    other = HEAD + MOVE.replace("s3://new-bucket/sales/", "s3://new-bucket/other/place") + MOVE
    assert config_of(tmp_path, other).endpoint["new"].ledger == "s3://new-bucket/_migrate"
    assert config.endpoint["old"].ledger == ""
    assert config.move[0].location == "s3://new-bucket/sales"
    said = HEAD.replace("https = true", 'https = true\nledger = "s3a://elsewhere/l"') + MOVE
    assert config_of(tmp_path, said).endpoint["new"].ledger == "s3://elsewhere/l"


def test_files_in_several_buckets_need_a_ledger_that_is_said(tmp_path: Path) -> None:
    text = HEAD + MOVE + MOVE.replace("s3://new-bucket/sales/", "s3://second/sales")
    with pytest.raises(BadConfig, match="files go into new-bucket and second") as raised:
        config_of(tmp_path, text)
    assert (raised.value.place, raised.value.exit_code) == ("$.endpoint.new.ledger", 78)
    assert 'write ledger = "s3://new-bucket/_migrate"' in raised.value.hint
    said = text.replace("https = true", 'https = true\nledger = "s3://second/l"')
    assert config_of(tmp_path, said).endpoint["new"].ledger == "s3://second/l"


def test_patterns_of_a_plan_are_read_without_knowing_the_engine(tmp_path: Path) -> None:
    text = HEAD + MOVE.replace("hive.sales.*", "hive.sales.a.b", 1).replace("new:hive.sales.*", "new:hive.sales.c.d")
    move = config_of(tmp_path, text).move[0]
    assert (move.from_, move.to) == ("old:hive.sales.`a.b`", "new:hive.sales.`c.d`")
    text = HEAD + MOVE.replace("old:hive.sales.*", "old:hive.sales.a.*")
    assert config_of(tmp_path, text).move[0].from_ == "old:hive.sales.a[.]*"


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        (HEAD.replace('token = "${NEW_TOKEN}"', 'token = "x"'), "$.endpoint.new.token", "a secret is written out"),
        (HEAD.replace('"${OLD_KEY}"', '"AKIA"'), "$.endpoint.old.s3.access_key", "a secret is written out"),
        (HEAD.replace('"${OLD_SECRET}"', '""'), "$.endpoint.old.s3", "go together"),
        (HEAD.replace("https = true", "https = false"), "$.endpoint.new", "over https only"),
        (HEAD.replace('user = "etl"', "", 1), "$.endpoint.old.user", "is missing"),
        (HEAD.replace("http://127.0.0.1:9000", "127.0.0.1:9000"), "$.endpoint.old.s3.endpoint", "no address"),
        (HEAD + 'ssl_cert = "x"', "$.endpoint.new.ssl_cert", "means nothing of a lake"),
        (HEAD + 'ledger = "/tmp/x"', "$.endpoint.new.ledger", "no location"),
        (HEAD + MOVE.replace("location", "# location"), "$.move[0].location", "is missing"),
        (HEAD + MOVE.replace("s3://new-bucket/sales/", "s3://new-bucket/../x"), "$.move[0].location", "no location"),
        (HEAD + MOVE.replace("old:hive.sales.*", "old:sales.*"), "$.move[0].from", "expected catalog.schema.table"),
        (HEAD + MOVE + 'method = "copy"', "$.move[0].method", "copy"),
        (
            HEAD + MOVE + 'method = "copy_files"\nwhere = { "sales.t" = "a = 1" }',
            "$.move[0].where",
            "files are copied whole",
        ),
        (
            HEAD + '[endpoint.db]\nengine = "mysql"' + MOVE.replace("old:hive.sales.*", "db:sales.*"),
            "$.move[0]",
            "from mysql to lake",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path: Path, text: str, place: str, why: str) -> None:
    error = refused(tmp_path, text)
    assert error.place == place
    assert why in str(error)
