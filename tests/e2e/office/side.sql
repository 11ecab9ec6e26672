-- A second schema, and what refers from one to the other, in both directions.
CREATE TABLE @side@.place (id INT PRIMARY KEY, town VARCHAR(40) NOT NULL, boss INT,
  CONSTRAINT boss_of FOREIGN KEY (boss) REFERENCES @home@.customer (id))
$$
INSERT INTO @side@.place VALUES (1, 'London', 1), (2, 'Paris', 2)
$$
CREATE FUNCTION @side@.boss_of (town_wanted VARCHAR(40)) RETURNS VARCHAR(90) READS SQL DATA
  RETURN (SELECT c.whole_name FROM place p JOIN @home@.customer c ON c.id = p.boss WHERE p.town = town_wanted)
$$
CREATE VIEW @side@.bosses AS SELECT p.id, p.town, c.whole_name FROM @side@.place p JOIN @home@.t_customer c ON c.id = p.boss
$$
CREATE VIEW @home@.j_places AS
  SELECT b.town, b.whole_name, @side@.boss_of(b.town) AS boss, '@text@.j_places' AS label FROM @side@.bosses b
$$
CREATE TRIGGER @side@.place_told AFTER INSERT ON @side@.place FOR EACH ROW
  INSERT INTO @HOME@.trail (what) VALUES (CONCAT('@text@ has ', NEW.town, ', ', @SIDE@.boss_of(NEW.town)))
$$
CREATE PROCEDURE @home@.open_place (IN town VARCHAR(40), IN boss INT)
BEGIN
  DECLARE next_id INT;
  SELECT MAX(id) + 1 INTO next_id FROM @side@.place;
  INSERT INTO @SIDE@.place (id, town, boss) VALUES (next_id, town, boss);
  SELECT * FROM @home@.j_places ORDER BY town;
END
