-- servers: source -> new
-- MySQL 9 wants a unique key below a foreign key (restrict_fk_on_non_standard_key).
CREATE TABLE parent (id INT PRIMARY KEY, code INT, KEY code (code));
CREATE TABLE child (id INT PRIMARY KEY, c INT, CONSTRAINT f FOREIGN KEY (c) REFERENCES parent (code));
INSERT INTO parent VALUES (1, 7);
INSERT INTO child VALUES (1, 7);
