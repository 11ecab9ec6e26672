-- Another way of partitioning.
CREATE TABLE t (id INT PRIMARY KEY) PARTITION BY KEY (id) PARTITIONS 2;
