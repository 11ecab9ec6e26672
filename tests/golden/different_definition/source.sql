-- The target has tables of these names which are not the same: this version changes none of them. Each is a finding and
-- a blocked step, which apply refuses; the rest of the plan is whole.
CREATE TABLE other_columns (id INT PRIMARY KEY, name VARCHAR(80) NOT NULL, paid BOOLEAN NOT NULL DEFAULT '0');
CREATE TABLE other_rows (id INT PRIMARY KEY, name VARCHAR(80));
CREATE TABLE untouched (id INT PRIMARY KEY);
INSERT INTO other_columns VALUES (1, 'a', 1);
INSERT INTO other_rows VALUES (1, 'a'), (2, 'b');
INSERT INTO untouched VALUES (1);
