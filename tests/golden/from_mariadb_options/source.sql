-- servers: maria11 -> target
-- Aria, compressed columns and page compression.
CREATE TABLE a (id INT PRIMARY KEY) ENGINE=Aria TRANSACTIONAL=1;
CREATE TABLE c (id INT PRIMARY KEY, big TEXT COMPRESSED) ENGINE=InnoDB PAGE_COMPRESSED=1;
INSERT INTO a VALUES (1);
INSERT INTO c VALUES (1, 'text');
