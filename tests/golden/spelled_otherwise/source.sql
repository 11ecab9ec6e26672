-- servers: legacy -> target
-- A table of MySQL 5.7 beside the same one of 8.0: widths, utf8, quotes and CURRENT_TIMESTAMP are no differences.
CREATE TABLE t (id INT(11) NOT NULL DEFAULT '1', y YEAR(4), s VARCHAR(10) CHARACTER SET utf8 COLLATE utf8_general_ci, d TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, n DECIMAL(10,2) DEFAULT '0.00', PRIMARY KEY (id)) DEFAULT CHARSET=utf8;
