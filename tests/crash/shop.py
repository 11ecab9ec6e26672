"""A schema that the server fills by itself in seconds: twelve tables with every way of being loaded."""

from __future__ import annotations

from tests.lab import Server
from tests.lab.client import connect

KEYLESS = ("events", "notes")

TABLES = (
    "CREATE TABLE numbers (n INT NOT NULL PRIMARY KEY)",
    """CREATE TABLE customers (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL, city VARCHAR(40) NULL,
  last_order BIGINT UNSIGNED NULL, since DATETIME(3) NOT NULL, KEY by_name (name), KEY by_city (city, since),
  KEY by_last (last_order)) CHARSET utf8mb4""",
    """CREATE TABLE orders (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, customer BIGINT UNSIGNED NOT NULL, amount DECIMAL(12,2) NULL,
  state ENUM('new','paid','sent') NOT NULL, twice DECIMAL(14,2) AS (amount * 2) STORED,
  KEY by_customer (customer), KEY by_state (state, amount)) CHARSET utf8mb4""",
    """CREATE TABLE order_lines (
  order_id BIGINT UNSIGNED NOT NULL, line INT NOT NULL, product INT NOT NULL, quantity SMALLINT NOT NULL,
  note VARCHAR(60) NULL, PRIMARY KEY (order_id, line), KEY by_product (product)) CHARSET utf8mb4""",
    """CREATE TABLE products (
  id INT NOT NULL PRIMARY KEY, parent INT NULL, name VARCHAR(60) NOT NULL, extra JSON NULL,
  UNIQUE KEY by_name (name), KEY by_parent (parent)) CHARSET utf8mb4""",
    "CREATE TABLE events (at DATETIME NOT NULL, what VARCHAR(40) NOT NULL, who BIGINT NULL, KEY by_at (at))",
    "CREATE TABLE counters (id INT NOT NULL PRIMARY KEY, hits BIGINT NOT NULL, page VARCHAR(40)) ENGINE=MyISAM",
    "CREATE TABLE notes (n INT NOT NULL, body VARCHAR(60) NOT NULL) ENGINE=MyISAM",
    """CREATE TABLE readings (sensor INT NOT NULL, at DATE NOT NULL, n INT NOT NULL, value DECIMAL(8,3) NOT NULL,
  PRIMARY KEY (sensor, at, n)) PARTITION BY RANGE COLUMNS (at) (PARTITION p0 VALUES LESS THAN ('2024-04-01'),
  PARTITION p1 VALUES LESS THAN ('2024-08-01'), PARTITION p2 VALUES LESS THAN (MAXVALUE))""",
    "CREATE TABLE files (id INT NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL, data LONGBLOB NULL)",
    "CREATE TABLE words (word VARCHAR(40) NOT NULL PRIMARY KEY, n INT NOT NULL, KEY by_n (n)) CHARSET utf8mb4",
    "CREATE TABLE nothing (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, t TEXT) AUTO_INCREMENT=77",
)

FOREIGN_KEYS = (
    "ALTER TABLE customers ADD CONSTRAINT customer_order FOREIGN KEY (last_order) REFERENCES orders (id)",
    "ALTER TABLE orders ADD CONSTRAINT order_customer FOREIGN KEY (customer) REFERENCES customers (id)",
    "ALTER TABLE order_lines ADD CONSTRAINT line_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE",
    "ALTER TABLE order_lines ADD CONSTRAINT line_product FOREIGN KEY (product) REFERENCES products (id)",
    "ALTER TABLE products ADD CONSTRAINT product_parent FOREIGN KEY (parent) REFERENCES products (id)",
)

ROWS = (
    """INSERT INTO customers SELECT n, CONCAT('고객 ', n, ' ', MD5(n)), IF(n % 7, CONCAT('city ', n % 900), NULL),
  IF(n % 3, n, NULL), '2024-01-01' + INTERVAL n SECOND FROM numbers WHERE n <= {big}""",
    """INSERT INTO orders (id, customer, amount, state) SELECT n, 1 + n * 7919 % {big}, IF(n % 11, n / 100, NULL),
  1 + n % 3 FROM numbers""",
    """INSERT INTO order_lines SELECT n, 1 + n % 3, 1 + n % {small}, n % 100, IF(n % 5, CONCAT('x', SHA1(n)), '')
  FROM numbers""",
    """INSERT INTO products SELECT n, IF(n > 10, n DIV 10, NULL), CONCAT('제품 ', n), JSON_OBJECT('n', n, 's', MD5(n))
  FROM numbers WHERE n <= {small}""",
    """INSERT INTO events SELECT '2024-05-05' + INTERVAL n % 500 SECOND, CONCAT('event ', n % 300),
  IF(n % 4, n % 20, NULL) FROM numbers WHERE n <= {some}""",
    "INSERT INTO counters SELECT n, n * 1000003, MD5(n) FROM numbers WHERE n <= {some}",
    "INSERT INTO notes SELECT n % 50, CONCAT('note ', n % 50) FROM numbers WHERE n <= {some}",
    """INSERT INTO readings SELECT n % 50, '2024-01-01' + INTERVAL n % 366 DAY, n, n / 1000 FROM numbers
  WHERE n <= {big}""",
    """INSERT INTO files SELECT n, MD5(n), IF(n % 9, REPEAT(UNHEX(SHA2(n, 512)), 10 * (1 + n % 120)), NULL) FROM numbers
  WHERE n <= 400""",
    "INSERT INTO words SELECT CONCAT(IF(n % 2, 'w', 'W'), MD5(n)), n FROM numbers WHERE n <= {some}",
)


def fill_numbers(server: Server, schema: str, most: int) -> None:
    """Make `numbers` and put 1 … most into it."""
    with connect(server, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET cte_max_recursion_depth = {most}")
        cursor.execute(TABLES[0])
        cursor.execute(
            "INSERT INTO numbers WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %s) "
            "SELECT n FROM c",
            (most,),
        )


def make_shop(server: Server, schema: str, most: int = 120_000) -> None:
    """Make and fill the schema; the largest tables have `most` rows."""
    with connect(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{schema}` CHARACTER SET utf8mb4")
    fill_numbers(server, schema, most)
    with connect(server, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks = 0, unique_checks = 0")
        for statement in TABLES[1:]:
            cursor.execute(statement)
        for statement in ROWS:
            cursor.execute(statement.format(big=most * 2 // 3, some=most // 3, small=most // 30))
        for statement in FOREIGN_KEYS:
            cursor.execute(statement)


FAMILY = (
    "CREATE TABLE parent (id INT NOT NULL PRIMARY KEY, t VARCHAR(40))",
    "CREATE TABLE child (id INT NOT NULL PRIMARY KEY, parent INT NOT NULL, t VARCHAR(200))",
    "INSERT INTO parent SELECT n, MD5(n) FROM numbers",
    "INSERT INTO child SELECT n, n, REPEAT(MD5(n), 6) FROM numbers",
)
ADDED = (
    "ALTER TABLE child ADD KEY by_parent (parent)",
    "ALTER TABLE child ADD CONSTRAINT child_parent FOREIGN KEY (parent) REFERENCES parent (id)",
    "ALTER TABLE child ADD KEY by_t (t)",
)


def make_family(server: Server, schema: str, added: tuple[str, ...], most: int = 12_000) -> None:
    """A parent and a child with the same rows wherever it is made; `added` are statements that follow the rows."""
    fill_numbers(server, schema, most)
    with connect(server, database=schema) as connection, connection.cursor() as cursor:
        for statement in (*FAMILY, *added):
            cursor.execute(statement)
