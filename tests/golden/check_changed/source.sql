-- Checks: another expression, one not enforced any more, one gone.
CREATE TABLE t (id INT PRIMARY KEY, n INT, CONSTRAINT c CHECK (n > 1), CONSTRAINT d CHECK (n < 9) NOT ENFORCED);
