-- A spatial column gets a reference system.
CREATE TABLE t (id INT PRIMARY KEY, g POINT NOT NULL SRID 4326);
