-- A small shop; its plan, with names and addresses as people have them, is plans/examples/shop.toml.
CREATE TABLE category (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  parent_id INT UNSIGNED,
  name VARCHAR(60) NOT NULL,
  UNIQUE KEY name_under_parent (parent_id, name),
  CONSTRAINT category_parent FOREIGN KEY (parent_id) REFERENCES category (id)
) COMMENT='a tree';
CREATE TABLE product (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  category_id INT UNSIGNED NOT NULL,
  name VARCHAR(120) NOT NULL,
  price DECIMAL(10,2) NOT NULL,
  attributes JSON,
  picture MEDIUMBLOB,
  colour VARCHAR(20) GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(attributes, '$.colour'))) VIRTUAL,
  KEY colour (colour),
  FULLTEXT KEY search (name),
  CONSTRAINT product_category FOREIGN KEY (category_id) REFERENCES category (id),
  CONSTRAINT not_negative CHECK (price >= 0)
);
CREATE TABLE customer (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  email VARCHAR(120) NOT NULL,
  name VARCHAR(80) NOT NULL COMMENT 'as written by the customer: 김민준, Müller, 😀',
  kind ENUM('private','business') NOT NULL DEFAULT 'private',
  since TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE KEY email (email)
);
CREATE TABLE orders (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id INT UNSIGNED NOT NULL,
  placed_at DATETIME(3) NOT NULL,
  state SET('paid','sent','returned') NOT NULL DEFAULT '',
  KEY newest (customer_id, placed_at DESC),
  CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customer (id)
);
CREATE TABLE order_line (
  order_id BIGINT UNSIGNED NOT NULL,
  line SMALLINT UNSIGNED NOT NULL,
  product_id INT UNSIGNED NOT NULL,
  pieces SMALLINT UNSIGNED NOT NULL,
  PRIMARY KEY (order_id, line),
  CONSTRAINT line_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
  CONSTRAINT line_product FOREIGN KEY (product_id) REFERENCES product (id)
);
CREATE TABLE visit (at DATETIME, page VARCHAR(200)) COMMENT='no key';
INSERT INTO category VALUES (1, NULL, 'toys'), (2, 1, 'blocks');
INSERT INTO product (category_id, name, price, attributes) VALUES (2, 'red block', 1.20, '{"colour": "red"}'), (2, 'plain block', 1, NULL);
INSERT INTO customer (email, name) VALUES ('kim@example.org', '김민준');
INSERT INTO orders (customer_id, placed_at, state) VALUES (1, '2024-02-29 12:00:00.125', 'paid,sent');
INSERT INTO order_line VALUES (1, 1, 1, 10), (1, 2, 2, 5);
INSERT INTO visit VALUES ('2024-02-29 11:59:00', '/'), ('2024-02-29 11:59:00', '/');
CREATE VIEW sales AS SELECT product_id, SUM(pieces) AS pieces FROM order_line GROUP BY product_id;
