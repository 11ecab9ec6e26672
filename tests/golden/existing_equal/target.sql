-- What a run before this one left.
CREATE TABLE country (code CHAR(2) PRIMARY KEY, name VARCHAR(40) NOT NULL, KEY name (name));
INSERT INTO country VALUES ('de', 'Deutschland'), ('kr', '대한민국');
