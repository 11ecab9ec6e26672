-- options: --allow-destructive shop.t
-- Everything at once is one ALTER TABLE.
CREATE TABLE t (id BIGINT PRIMARY KEY, b INT NOT NULL DEFAULT 3, a VARCHAR(90), c INT AS (b + 1), KEY ab (a, b), CONSTRAINT k CHECK (b > 0)) COMMENT 'new';
INSERT INTO t (id, b, a) VALUES (1, 3, 'x');
