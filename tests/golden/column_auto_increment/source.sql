-- A counter comes to a column; it is set with the rows.
CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a INT) AUTO_INCREMENT = 50;
INSERT INTO t VALUES (1, 4);
