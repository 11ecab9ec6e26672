-- The shop: 18 tables with what real schemas have and copying tools trip over.
-- Made in an empty database that is the current one. MySQL 8.0.17 or newer (a functional index, CHECK).

CREATE TABLE countries (
  code CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(80) NOT NULL,
  native_name VARCHAR(80) NOT NULL,
  currency CHAR(3) CHARACTER SET ascii NOT NULL,
  vat DECIMAL(5,4) NOT NULL DEFAULT '0.0000' COMMENT 'a fraction: 0.1900 is 19 %',
  PRIMARY KEY (code),
  UNIQUE KEY name (name)
) COMMENT='where we sell';

-- departments.head_id and employees.department_id make a cycle: neither table can be filled first with checks on.
CREATE TABLE departments (
  id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(60) NOT NULL,
  head_id INT UNSIGNED NULL,
  budget DECIMAL(14,2) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY name (name),
  KEY head_id (head_id)
);

CREATE TABLE employees (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  department_id SMALLINT UNSIGNED NOT NULL,
  manager_id INT UNSIGNED NULL,
  name VARCHAR(80) NOT NULL,
  email VARCHAR(120) NOT NULL,
  hired_on DATE NOT NULL,
  shift_starts TIME NOT NULL DEFAULT '09:00:00',
  salary DECIMAL(12,2) NOT NULL,
  yearly_cost DECIMAL(14,2) GENERATED ALWAYS AS (salary * 12 * 1.21) VIRTUAL,
  skills SET('packing','driving','support','accounts','sql','first aid') NOT NULL DEFAULT '',
  badge BIT(12) NOT NULL DEFAULT b'0',
  PRIMARY KEY (id),
  UNIQUE KEY email (email),
  KEY department_id (department_id),
  KEY manager_id (manager_id),
  CONSTRAINT employees_department FOREIGN KEY (department_id) REFERENCES departments (id),
  CONSTRAINT employees_manager FOREIGN KEY (manager_id) REFERENCES employees (id) ON DELETE SET NULL
);

ALTER TABLE departments
  ADD CONSTRAINT departments_head FOREIGN KEY (head_id) REFERENCES employees (id) ON DELETE SET NULL;

CREATE TABLE categories (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  parent_id INT UNSIGNED NULL,
  name VARCHAR(80) NOT NULL,
  sort_order TINYINT NOT NULL DEFAULT '0',
  PRIMARY KEY (id),
  UNIQUE KEY name_under_parent (parent_id, name),
  CONSTRAINT categories_parent FOREIGN KEY (parent_id) REFERENCES categories (id) ON DELETE CASCADE
);

CREATE TABLE suppliers (
  id MEDIUMINT UNSIGNED NOT NULL AUTO_INCREMENT,
  country_code CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(100) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL,
  contact JSON NOT NULL,
  since YEAR NOT NULL,
  PRIMARY KEY (id),
  KEY country_code (country_code),
  CONSTRAINT suppliers_country FOREIGN KEY (country_code) REFERENCES countries (code) ON UPDATE CASCADE
);

CREATE TABLE warehouses (
  id TINYINT UNSIGNED NOT NULL AUTO_INCREMENT,
  country_code CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(60) NOT NULL,
  place POINT NOT NULL SRID 4326,
  opens TIME(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY name (name),
  SPATIAL KEY place (place),
  KEY country_code (country_code),
  CONSTRAINT warehouses_country FOREIGN KEY (country_code) REFERENCES countries (code)
);

CREATE TABLE products (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  sku VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  category_id INT UNSIGNED NOT NULL,
  supplier_id MEDIUMINT UNSIGNED NOT NULL,
  name VARCHAR(120) NOT NULL,
  description TEXT NOT NULL,
  price DECIMAL(12,2) NOT NULL,
  price_with_vat DECIMAL(13,2) GENERATED ALWAYS AS (ROUND(price * 1.19, 2)) VIRTUAL,
  weight_kg FLOAT NULL,
  volume_m3 DOUBLE NULL,
  attributes JSON NOT NULL,
  color VARCHAR(20) GENERATED ALWAYS AS (attributes ->> '$.color') STORED,
  status ENUM('draft','active','paused','retired') NOT NULL DEFAULT 'draft',
  labels SET('new','sale','fragile','heavy','eco') NOT NULL DEFAULT '',
  flags BIT(8) NOT NULL DEFAULT b'0',
  created_at DATETIME(6) NOT NULL,
  updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY sku (sku),
  KEY category_id (category_id, price DESC),
  KEY supplier_id (supplier_id),
  KEY color (color),
  KEY year_created ((YEAR(created_at)), status),
  FULLTEXT KEY words (name, description),
  CONSTRAINT products_category FOREIGN KEY (category_id) REFERENCES categories (id),
  CONSTRAINT products_supplier FOREIGN KEY (supplier_id) REFERENCES suppliers (id),
  CONSTRAINT products_price CHECK (price >= 0)
) COMMENT='what we sell; "quotes", back\\slashes and 한글 in a comment';

CREATE TABLE product_images (
  product_id INT UNSIGNED NOT NULL,
  position TINYINT UNSIGNED NOT NULL,
  mime ENUM('image/png','image/jpeg','image/webp') NOT NULL,
  sha BINARY(32) NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (product_id, position),
  KEY sha (sha),
  CONSTRAINT product_images_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE CASCADE
);

CREATE TABLE product_translations (
  product_id INT UNSIGNED NOT NULL,
  locale VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  title VARCHAR(200) NOT NULL,
  body MEDIUMTEXT NULL,
  PRIMARY KEY (product_id, locale),
  KEY title (title(20)),
  CONSTRAINT product_translations_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE CASCADE
);

CREATE TABLE stock (
  warehouse_id TINYINT UNSIGNED NOT NULL,
  product_id INT UNSIGNED NOT NULL,
  quantity INT NOT NULL DEFAULT '0',
  shelf CHAR(6) NOT NULL,
  counted_on DATE NULL,
  PRIMARY KEY (warehouse_id, product_id),
  KEY product_id (product_id),
  CONSTRAINT stock_warehouse FOREIGN KEY (warehouse_id) REFERENCES warehouses (id),
  CONSTRAINT stock_product FOREIGN KEY (product_id) REFERENCES products (id)
);

CREATE TABLE customers (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  email VARCHAR(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs NOT NULL,
  name VARCHAR(100) NOT NULL,
  country_code CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  referred_by BIGINT UNSIGNED NULL,
  born_on DATE NULL,
  credit DECIMAL(12,2) NOT NULL DEFAULT '0.00',
  preferences JSON NULL,
  newsletter TINYINT(1) GENERATED ALWAYS AS (JSON_EXTRACT(preferences, '$.newsletter') = TRUE) VIRTUAL,
  token VARBINARY(32) NULL,
  registered_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY email (email),
  KEY country_code (country_code, name),
  KEY referred_by (referred_by),
  CONSTRAINT customers_country FOREIGN KEY (country_code) REFERENCES countries (code),
  CONSTRAINT customers_referrer FOREIGN KEY (referred_by) REFERENCES customers (id) ON DELETE SET NULL
);

CREATE TABLE addresses (
  customer_id BIGINT UNSIGNED NOT NULL,
  number TINYINT UNSIGNED NOT NULL,
  kind ENUM('home','office','pick-up point') NOT NULL DEFAULT 'home',
  street VARCHAR(120) NOT NULL,
  city VARCHAR(80) NOT NULL,
  postcode VARCHAR(12) NULL,
  PRIMARY KEY (customer_id, number),
  KEY city (city),
  CONSTRAINT addresses_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
);

CREATE TABLE orders (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  customer_id BIGINT UNSIGNED NOT NULL,
  address_number TINYINT UNSIGNED NOT NULL,
  handled_by INT UNSIGNED NULL,
  status ENUM('new','paid','packed','sent','returned') NOT NULL DEFAULT 'new',
  placed_at DATETIME(6) NOT NULL,
  shipping DECIMAL(8,2) NOT NULL DEFAULT '0.00',
  note VARCHAR(200) NULL,
  PRIMARY KEY (id),
  KEY delivered_to (customer_id, address_number),
  KEY handled_by (handled_by),
  KEY placed_at (placed_at),
  CONSTRAINT orders_address FOREIGN KEY (customer_id, address_number) REFERENCES addresses (customer_id, number),
  CONSTRAINT orders_employee FOREIGN KEY (handled_by) REFERENCES employees (id) ON DELETE SET NULL
);

CREATE TABLE order_items (
  order_id BIGINT UNSIGNED NOT NULL,
  line SMALLINT UNSIGNED NOT NULL,
  product_id INT UNSIGNED NOT NULL,
  quantity SMALLINT UNSIGNED NOT NULL,
  unit_price DECIMAL(12,2) NOT NULL,
  discount DECIMAL(5,4) NOT NULL DEFAULT '0.0000',
  amount DECIMAL(16,2) GENERATED ALWAYS AS (ROUND(quantity * unit_price * (1 - discount), 2)) STORED,
  PRIMARY KEY (order_id, line),
  KEY product_id (product_id),
  CONSTRAINT order_items_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
  CONSTRAINT order_items_product FOREIGN KEY (product_id) REFERENCES products (id),
  CONSTRAINT order_items_quantity CHECK (quantity > 0)
);

CREATE TABLE payments (
  id BINARY(16) NOT NULL COMMENT 'a UUID, so rows arrive in no order',
  order_id BIGINT UNSIGNED NOT NULL,
  method ENUM('card','transfer','cash on delivery','voucher') NOT NULL,
  amount DECIMAL(14,2) NOT NULL,
  paid_at DATETIME(6) NOT NULL,
  answer BLOB NULL,
  PRIMARY KEY (id),
  KEY order_id (order_id),
  CONSTRAINT payments_order FOREIGN KEY (order_id) REFERENCES orders (id)
);

CREATE TABLE order_history (
  order_id BIGINT UNSIGNED NOT NULL,
  changed_at DATETIME(6) NOT NULL,
  status VARCHAR(20) NOT NULL,
  remark TEXT NULL,
  PRIMARY KEY (order_id, changed_at),
  KEY changed_at (changed_at)
)
PARTITION BY RANGE COLUMNS (changed_at) (
  PARTITION p2021 VALUES LESS THAN ('2022-01-01'),
  PARTITION p2022 VALUES LESS THAN ('2023-01-01'),
  PARTITION p2023 VALUES LESS THAN ('2024-01-01'),
  PARTITION later VALUES LESS THAN (MAXVALUE)
);

-- No key of any kind, and rows that are equal in every column.
CREATE TABLE page_views (
  seen_at DATETIME NOT NULL,
  path VARCHAR(120) NOT NULL,
  customer_id BIGINT UNSIGNED NULL,
  browser TINYTEXT NULL
);

-- A table without rows.
CREATE TABLE coupons (
  code VARCHAR(20) NOT NULL,
  percent DECIMAL(4,1) NOT NULL,
  valid_until DATE NULL,
  PRIMARY KEY (code)
);
