-- What sqlglot's printer or a list of columns would lose: generated and invisible columns, a functional, a descending
-- and an invisible index, a check that is not enforced, partitions with comments, a table's own options.
CREATE TABLE line (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  sold_on DATE NOT NULL,
  price DECIMAL(10,2) NOT NULL,
  pieces SMALLINT UNSIGNED NOT NULL DEFAULT '1',
  total DECIMAL(15,2) GENERATED ALWAYS AS (price * pieces) STORED,
  label VARCHAR(40) GENERATED ALWAYS AS (CONCAT('#', pieces, ' it''s')) VIRTUAL,
  note VARCHAR(40) INVISIBLE DEFAULT '한글',
  PRIMARY KEY (id, sold_on),
  KEY newest (sold_on DESC, total),
  KEY lowered ((LOWER(note))),
  KEY unused (pieces) INVISIBLE,
  CONSTRAINT cheap CHECK (price < 1000) NOT ENFORCED
) ROW_FORMAT=COMPRESSED COMMENT='one line per thing sold'
PARTITION BY RANGE (YEAR(sold_on)) (
  PARTITION old VALUES LESS THAN (2020) COMMENT 'never changes',
  PARTITION recent VALUES LESS THAN MAXVALUE
);
INSERT INTO line (sold_on, price, pieces) VALUES ('2019-12-31', 1.50, 2), ('2024-02-29', 1999, 1);
