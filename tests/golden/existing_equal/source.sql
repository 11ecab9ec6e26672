-- The target has the table already, defined alike and with equal rows: the plan has no step.
CREATE TABLE country (code CHAR(2) PRIMARY KEY, name VARCHAR(40) NOT NULL, KEY name (name));
INSERT INTO country VALUES ('de', 'Deutschland'), ('kr', '대한민국');
