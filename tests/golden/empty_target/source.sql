-- Two tables and nothing on the target: the schema and both tables are made, the parent first by name only,
-- rows are loaded, the foreign key comes after both loads, then the counter and the proof.
CREATE TABLE customer (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(80) NOT NULL COMMENT 'as on the bill',
  UNIQUE KEY name (name)
);
CREATE TABLE bill (
  id INT PRIMARY KEY,
  customer_id INT UNSIGNED NOT NULL,
  amount DECIMAL(12,2) NOT NULL DEFAULT '0.00',
  CONSTRAINT bill_customer FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE
);
INSERT INTO customer (name) VALUES ('Kim'), ('Müller');
INSERT INTO bill VALUES (1, 1, 10.50), (2, 2, 0.99), (3, 2, 7);
