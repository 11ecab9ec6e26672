-- servers: maria11 -> target
-- uca1400 collations, which MySQL does not know.
CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20) COLLATE utf8mb4_uca1400_ai_ci, b VARCHAR(20) COLLATE utf8mb4_uca1400_as_cs, c VARCHAR(20) COLLATE utf8mb4_uca1400_nopad_ai_ci, UNIQUE u (a)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci;
INSERT INTO t VALUES (1, 'a', 'b', 'c');
