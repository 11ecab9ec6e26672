-- servers: source -> maria11
-- Options of a table that only one of them knows, and descending keys.
CREATE TABLE t (id INT, a INT, PRIMARY KEY (id), KEY down (a DESC, id)) ENGINE=InnoDB COMPRESSION='zlib' STATS_PERSISTENT=0 COMMENT='said';
INSERT INTO t VALUES (1, 2);
