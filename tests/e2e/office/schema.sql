-- A schema that has some of everything. Statements end with a line of their own that holds $$.
-- @home@ is its name, quoted; @HOME@ the same as somebody wrote it without quotes; @"home"@ with the other quotes;
-- @text@ its name where it is no name: in strings and comments, which nothing may change. @side@ is another schema.
CREATE TABLE customer (
  id INT AUTO_INCREMENT PRIMARY KEY,
  first_name VARCHAR(40) NOT NULL,
  last_name VARCHAR(40) NOT NULL DEFAULT '-',
  town VARCHAR(40) CHARACTER SET latin1,
  since DATE NOT NULL DEFAULT '2020-01-01',
  whole_name VARCHAR(90) AS (CONCAT(first_name, ' ', last_name)) STORED,
  UNIQUE KEY names (last_name, first_name),
  KEY town (town(10))
) COMMENT = 'people of @text@.customer'
$$
CREATE TABLE goods (
  code CHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  label VARCHAR(60) NOT NULL,
  price DECIMAL(10,2) NOT NULL,
  tags SET('new', 'old', 'last') NOT NULL DEFAULT 'new',
  FULLTEXT KEY words (label)
)
$$
CREATE TABLE orders (
  id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  customer INT NOT NULL,
  state ENUM('open', 'paid', 'sent') NOT NULL DEFAULT 'open',
  note VARCHAR(100),
  placed DATETIME(3) NOT NULL,
  changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  KEY placed (placed),
  CONSTRAINT order_of FOREIGN KEY (customer) REFERENCES customer (id) ON UPDATE CASCADE
) AUTO_INCREMENT = 1000
$$
CREATE TABLE line (
  order_id INT UNSIGNED NOT NULL,
  number TINYINT UNSIGNED NOT NULL,
  code CHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount INT NOT NULL,
  PRIMARY KEY (order_id, number),
  CONSTRAINT line_of FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
  CONSTRAINT line_goods FOREIGN KEY (code) REFERENCES goods (code)
)
$$
CREATE TABLE trail (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(200) NOT NULL)
$$
CREATE TABLE visits (
  day DATE NOT NULL,
  page VARCHAR(30) NOT NULL,
  hits INT NOT NULL,
  PRIMARY KEY (day, page)
) PARTITION BY RANGE COLUMNS (day) (
  PARTITION early VALUES LESS THAN ('2024-01-01'),
  PARTITION late VALUES LESS THAN ('2025-01-01'),
  PARTITION rest VALUES LESS THAN (MAXVALUE)
)
$$
INSERT INTO customer (first_name, last_name, town, since) VALUES
  ('Ada', 'Lovelace', 'London', '2021-05-05'), ('Émile', 'Zola', 'Paris', '2022-02-02'), ('길동', '홍', NULL, '2023-03-03')
$$
INSERT INTO goods VALUES
  ('A-1', 'apple', 0.30, 'new'), ('B-2', 'blue bottle', 12.50, 'new,last'), ('C-3', 'crème 100%', 3.99, '')
$$
INSERT INTO orders (id, customer, state, note, placed, changed) VALUES
  (1, 1, 'paid', 'first @text@.orders', '2024-01-05 10:00:00.123', '2024-01-05 10:00:00'),
  (2, 1, 'open', NULL, '2024-02-06 11:30:00.000', '2024-02-06 11:30:00'),
  (3, 2, 'sent', '메모', '2024-03-07 23:59:59.999', '2024-03-08 00:00:00')
$$
INSERT INTO line VALUES (1, 1, 'A-1', 10), (1, 2, 'B-2', 1), (2, 1, 'C-3', 3), (3, 1, 'A-1', 100)
$$
INSERT INTO trail (what) VALUES ('before all triggers')
$$
INSERT INTO visits VALUES ('2023-12-31', '/', 5), ('2024-06-01', '/', 7), ('2024-06-01', '/a', 2), ('2026-01-01', '/', 1)
$$

-- Functions: names stand in the order that does not work.
CREATE FUNCTION z_tax (amount DECIMAL(12,2)) RETURNS DECIMAL(12,2) DETERMINISTIC NO SQL
COMMENT 'not @text@.z_tax''s' RETURN ROUND(amount * 0.10, 2)
$$
CREATE FUNCTION a_total (wanted INT UNSIGNED) RETURNS DECIMAL(12,2) READS SQL DATA
BEGIN
  DECLARE total DECIMAL(12,2) DEFAULT 0;
  -- @text@.line stays as it is in a comment; so does `@text@`.`line`
  SELECT IFNULL(SUM(l.amount * g.price), 0) INTO total
    FROM @home@.line AS l JOIN @HOME@.goods AS g ON g.code = l.code WHERE l.order_id = wanted;
  RETURN total + @home@.z_tax(total);
END
$$
CREATE FUNCTION shout (words VARCHAR(50) CHARACTER SET latin1) RETURNS VARCHAR(60) CHARACTER SET utf8mb4
DETERMINISTIC NO SQL SQL SECURITY INVOKER
RETURN CONCAT(UPPER(words), '! "@text@.shout"')
$$

-- Views: on a table, on a view, on a function, each alphabetically before what it needs.
CREATE VIEW t_customer AS
  SELECT id, whole_name, IFNULL(town, '@text@.none') AS town, '`@text@`.`customer`' AS place FROM customer
$$
CREATE VIEW s_orders AS
  SELECT o.id, o.state, o.placed, a_total(o.id) AS total, c.whole_name FROM orders o JOIN t_customer c ON c.id = o.customer
$$
CREATE VIEW r_best AS SELECT whole_name, MAX(total) AS best, COUNT(*) AS many FROM @home@.s_orders GROUP BY whole_name
$$
CREATE ALGORITHM = MERGE VIEW q_open AS SELECT id, customer, state, note, placed FROM orders WHERE state = 'open'
  WITH CASCADED CHECK OPTION
$$
CREATE VIEW p_open AS SELECT id, customer, state, note, placed FROM q_open WHERE customer > 0 WITH LOCAL CHECK OPTION
$$
CREATE ALGORITHM = TEMPTABLE SQL SECURITY INVOKER VIEW o_pages (page, all_hits) AS
  SELECT page, SUM(hits) FROM visits GROUP BY page
$$
CREATE VIEW n_both AS
  SELECT code AS name, 'goods' AS kind FROM goods UNION ALL SELECT page, 'page' FROM o_pages
$$
CREATE VIEW m_ranked AS
  WITH sums AS (SELECT order_id, SUM(amount) AS amount FROM line GROUP BY order_id)
  SELECT order_id, amount, ROW_NUMBER() OVER (ORDER BY amount DESC, order_id) AS place FROM sums
$$
CREATE VIEW l_literals AS
  SELECT 1 AS one, 'it''s' AS quoted, "back\\slash" AS slashed, x'6162' AS hex, '한글 é' AS letters, DATE'2024-02-29' AS leap
$$
SET NAMES latin1
$$
CREATE VIEW k_latin AS SELECT id, CONCAT(first_name, '-') AS first_name FROM customer WHERE first_name < 'z'
$$
SET NAMES utf8mb4
$$

-- Procedures.
CREATE PROCEDURE count_lines (IN wanted INT UNSIGNED, OUT counted INT, INOUT running INT)
BEGIN
  SELECT COUNT(*) INTO counted FROM line WHERE order_id = wanted;
  SET running = running + counted;
END
$$
CREATE PROCEDURE walk (OUT said VARCHAR(500))
BEGIN
  DECLARE done INT DEFAULT FALSE;
  DECLARE one VARCHAR(90);
  DECLARE names CURSOR FOR SELECT whole_name FROM @home@.customer ORDER BY id;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE;
  SET said = '@text@.walk';
  OPEN names;
  each_name: LOOP
    FETCH names INTO one;
    IF done THEN
      LEAVE each_name;
    END IF;
    SET said = CONCAT(said, '/', one);
  END LOOP;
  CLOSE names;
END
$$
CREATE PROCEDURE guarded (IN bad INT)
COMMENT 'says what went wrong in `@text@`.`orders`'
BEGIN
  DECLARE EXIT HANDLER FOR SQLEXCEPTION
  BEGIN
    GET DIAGNOSTICS CONDITION 1 @state = RETURNED_SQLSTATE;
    SELECT CONCAT('caught ', @state, ' in @text@.guarded') AS result;
  END;
  IF bad THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no';
  END IF;
  SELECT COUNT(*) AS result FROM @HOME@.orders;
END
$$
CREATE PROCEDURE outer_one (IN wanted INT UNSIGNED)
BEGIN
  DECLARE running INT DEFAULT 100;
  DECLARE counted INT;
  CALL @home@.count_lines(wanted, counted, running);
  CALL count_lines(wanted, counted, running);
  SELECT running, counted, @home@.a_total(wanted) AS total, shout('abc') AS shouted;
END
$$
CREATE PROCEDURE prepared (IN most INT)
BEGIN
  SET @most = most;
  PREPARE found FROM 'SELECT id, whole_name FROM customer WHERE id <= ? ORDER BY id';
  EXECUTE found USING @most;
  DEALLOCATE PREPARE found;
END
$$
SET sql_mode = 'ANSI_QUOTES,STRICT_TRANS_TABLES'
$$
CREATE PROCEDURE ansi ()
BEGIN
  SELECT "c"."whole_name", '"@text@"."customer"' AS "@text@_1" FROM @"home"@."customer" AS "c" WHERE "c"."id" = 1;
END
$$
SET sql_mode = 'NO_BACKSLASH_ESCAPES'
$$
CREATE FUNCTION raw_backslash () RETURNS VARCHAR(40) CHARSET utf8mb4 DETERMINISTIC NO SQL RETURN CONCAT('\', '@text@.a\')
$$
SET sql_mode = 'PIPES_AS_CONCAT'
$$
CREATE FUNCTION piped (a VARCHAR(9), b VARCHAR(9)) RETURNS VARCHAR(20) DETERMINISTIC NO SQL RETURN a || '.' || b
$$
SET sql_mode = DEFAULT
$$

-- Triggers: two for every timing and event, the later one made first, or first in the alphabet.
CREATE TRIGGER t_z1 BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = CONCAT(IFNULL(NEW.note, ''), '1')
$$
CREATE TRIGGER t_a2 BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = CONCAT(NEW.note, '2')
$$
CREATE TRIGGER t_m0 BEFORE INSERT ON orders FOR EACH ROW PRECEDES t_z1 SET NEW.note = CONCAT(IFNULL(NEW.note, ''), '0')
$$
CREATE TRIGGER t_ai2 AFTER INSERT ON orders FOR EACH ROW
  INSERT INTO @home@.trail (what) VALUES (CONCAT('@text@.orders: second after insert ', NEW.id, ' ', NEW.note))
$$
CREATE TRIGGER t_ai9 AFTER INSERT ON orders FOR EACH ROW PRECEDES t_ai2
BEGIN
  /* @text@.trail */
  INSERT INTO @HOME@ . trail (what) VALUES (CONCAT('first after insert ', NEW.id, ' total ', @HOME@.a_total(NEW.id)));
END
$$
CREATE TRIGGER t_bu2 BEFORE UPDATE ON orders FOR EACH ROW SET NEW.note = CONCAT(IFNULL(NEW.note, ''), ' b2')
$$
CREATE TRIGGER t_bu1 BEFORE UPDATE ON orders FOR EACH ROW FOLLOWS t_bu2 SET NEW.note = CONCAT(NEW.note, ' b1')
$$
CREATE TRIGGER t_au2 AFTER UPDATE ON orders FOR EACH ROW
  INSERT INTO trail (what) VALUES (CONCAT('updated ', IFNULL(OLD.note, '-'), ' to ', NEW.note))
$$
CREATE TRIGGER t_au1 AFTER UPDATE ON orders FOR EACH ROW
  INSERT INTO trail (what) SELECT CONCAT('updated, of ', c.whole_name) FROM customer c WHERE c.id = NEW.customer
$$
CREATE TRIGGER t_bd2 BEFORE DELETE ON orders FOR EACH ROW
BEGIN
  IF OLD.state = 'paid' THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a paid order of @text@.orders stays';
  END IF;
END
$$
CREATE TRIGGER t_bd1 BEFORE DELETE ON orders FOR EACH ROW INSERT INTO trail (what) VALUES (CONCAT('leaving ', OLD.id))
$$
CREATE TRIGGER t_ad2 AFTER DELETE ON orders FOR EACH ROW INSERT INTO trail (what) VALUES (CONCAT('gone, two ', OLD.id))
$$
CREATE TRIGGER t_ad1 AFTER DELETE ON orders FOR EACH ROW INSERT INTO trail (what) VALUES (CONCAT('gone, one ', OLD.id))
$$
SET sql_mode = 'ANSI_QUOTES'
$$
CREATE TRIGGER t_customer BEFORE INSERT ON customer FOR EACH ROW
BEGIN
  IF NEW."town" = 'x' THEN
    SET NEW."town" = (SELECT MIN("town") FROM @"home"@."t_customer" WHERE "place" <> '"@text@"."customer"');
  END IF;
END
$$
SET sql_mode = DEFAULT
$$

-- Events.
SET time_zone = '+09:00'
$$
CREATE EVENT every_night ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 03:30:00' ENDS '2037-12-31 23:59:59'
  ON COMPLETION PRESERVE COMMENT 'sweeps @text@.trail' DO
BEGIN
  DELETE FROM @home@.trail WHERE what = '@text@.old';
  INSERT INTO trail (what) VALUES ('swept');
END
$$
CREATE EVENT a_asleep ON SCHEDULE EVERY 15 MINUTE STARTS '2036-06-01 00:00:00' DISABLE DO
  CALL @HOME@.count_lines(1, @lines, @running)
$$
SET time_zone = '-03:30'
$$
CREATE EVENT once ON SCHEDULE AT '2037-07-07 07:07:07' DO INSERT INTO trail (what) VALUES ('once')
$$
CREATE EVENT mixed ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2037-01-01 00:00:00' DO SET @nothing = '@text@.mixed'
$$
SET time_zone = DEFAULT
