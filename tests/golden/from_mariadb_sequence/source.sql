-- servers: maria11 -> target
-- MySQL has no sequences: what stands on one cannot come.
CREATE SEQUENCE s START WITH 100 INCREMENT BY 10;
CREATE TABLE plain (id INT PRIMARY KEY);
CREATE TABLE numbered (id BIGINT NOT NULL DEFAULT NEXTVAL(s) PRIMARY KEY);
