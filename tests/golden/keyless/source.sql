-- Without a unique key over columns that are never NULL a table is one unit of work; a finding says so. MyISAM has no
-- transactions; a second finding says what that means on resume.
CREATE TABLE log (at DATETIME(6), line TEXT);
CREATE TABLE visits (visitor INT, UNIQUE KEY (visitor));
CREATE TABLE counters (name VARCHAR(20) PRIMARY KEY, n BIGINT) ENGINE=MyISAM;
INSERT INTO log VALUES ('2024-01-01', 'same'), ('2024-01-01', 'same');
INSERT INTO visits VALUES (NULL), (NULL), (1);
INSERT INTO counters VALUES ('a', 1);
