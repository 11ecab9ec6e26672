-- Rows for the shop, laid out by the server. Every value is an expression of the row's number and @seed, so the same
-- seed and scale give the same rows on every machine. Expects @scale, a number: 1 is about 810,000 rows.
-- Checks are off only for speed; that no foreign key is left hanging is what `python -m tests.demo` asks afterwards.

SET SESSION time_zone = '+00:00', cte_max_recursion_depth = 10000000, foreign_key_checks = 0, unique_checks = 0;
SET @seed = 'shop 1';
SET @employees = 400, @categories = 120, @suppliers = 300, @warehouses = 6;
SET @products = CAST(GREATEST(200, ROUND(15000 * @scale)) AS SIGNED);
SET @customers = CAST(GREATEST(500, ROUND(50000 * @scale)) AS SIGNED);
SET @orders = CAST(GREATEST(800, ROUND(90000 * @scale)) AS SIGNED);
SET @views = CAST(GREATEST(600, ROUND(70000 * @scale)) AS SIGNED);

START TRANSACTION;

INSERT INTO countries (code, name, native_name, currency, vat) VALUES
  ('DE', 'Germany', 'Deutschland', 'EUR', 0.19), ('GR', 'Greece', 'Ελλάδα', 'EUR', 0.24),
  ('KR', 'South Korea', '대한민국', 'KRW', 0.10), ('EG', 'Egypt', 'مصر', 'EGP', 0.14),
  ('JP', 'Japan', '日本', 'JPY', 0.10), ('IL', 'Israel', 'ישראל', 'ILS', 0.18),
  ('TH', 'Thailand', 'ประเทศไทย', 'THB', 0.07), ('UA', 'Ukraine', 'Україна', 'UAH', 0.20),
  ('IN', 'India', 'भारत', 'INR', 0.18), ('CN', 'China', '中国', 'CNY', 0.13),
  ('GE', 'Georgia', 'საქართველო', 'GEL', 0.18), ('FR', 'France', 'France', 'EUR', 0.20);

INSERT INTO departments (id, name, head_id, budget) VALUES
  (1, 'Purchasing', 1, 2500000.00), (2, 'Warehouse', 2, 1200000.50), (3, 'Support', 3, 640000.00),
  (4, 'Accounts', 4, 310000.25), (5, 'Shop', 5, 99999999999.99), (6, 'Post room', NULL, 0.01);

INSERT INTO employees (id, department_id, manager_id, name, email, hired_on, shift_starts, salary, skills, badge)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @employees),
drawn AS (SELECT n, CRC32(CONCAT(@seed, ':employee:', n)) AS h FROM seq)
SELECT n, 1 + h % 6, IF(n = 1, NULL, 1 + n DIV 8),
  CONCAT(ELT(1 + h % 10, '김민준', 'فاطمة', 'Ελένη', 'José', '田中', 'נועה', 'Олена', 'สมชาย', 'Zoë', 'প্রিয়া'), ' ', n),
  CONCAT('e', n, '@shop.example'), DATE_ADD('2010-01-04', INTERVAL h % 5000 DAY), MAKETIME(6 + h % 12, h % 60, 0),
  1800 + (h % 600000) / 100, h % 64, h % 4096
FROM drawn;

INSERT INTO categories (id, parent_id, name, sort_order)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @categories)
SELECT n, IF(n <= 8, NULL, 1 + n DIV 9),
  CONCAT(ELT(1 + n % 6, 'Bücher', '책', 'Βιβλία', 'كتب', '本 📚', 'Books'), ' ', n), n % 256 - 128
FROM seq;

INSERT INTO suppliers (id, country_code, name, contact, since)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @suppliers),
drawn AS (SELECT n, CRC32(CONCAT(@seed, ':supplier:', n)) AS h FROM seq)
SELECT n, ELT(1 + h % 12, 'DE', 'GR', 'KR', 'EG', 'JP', 'IL', 'TH', 'UA', 'IN', 'CN', 'GE', 'FR'),
  CONCAT(ELT(1 + h % 4, 'Müller & Söhne', 'Señor Café', 'Ångström', 'Straße'), ' No. ', n),
  CONCAT('{"phone": "+49 30 ', h, '", "people": [{"name": "', ELT(1 + h % 3, 'Ελένη', '지우 🙂', 'O''Brien \\\\ \\"Bo\\"'),
    '", "since": ', 1990 + h % 30, '}], "rating": ', h % 50, '.5, "note": null}'),
  1970 + h % 55
FROM drawn;

INSERT INTO warehouses (id, country_code, name, place, opens)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @warehouses)
SELECT n, ELT(n, 'DE', 'GR', 'KR', 'EG', 'JP', 'FR'), ELT(n, 'Berlin', 'Αθήνα', '서울', 'القاهرة', '東京', 'Orléans'),
  ST_SRID(POINT(13.4 + n / 7, 52.5 - n / 3), 4326), IF(n = 6, NULL, CONCAT('0', n, ':30:00.', 100 + n))
FROM seq;

INSERT INTO products (id, sku, category_id, supplier_id, name, description, price, weight_kg, volume_m3, attributes,
  status, labels, flags, created_at, updated_at)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @products),
drawn AS (SELECT n, CRC32(CONCAT(@seed, ':product:', n)) AS h FROM seq)
SELECT n, CONCAT('SKU-', LPAD(n, 8, '0')), 1 + h % @categories, 1 + h % @suppliers,
  CONCAT(ELT(1 + h % 8, 'Lampe', '램프', 'Λάμπα', 'مصباح', 'ランプ', 'מנורה', 'Лампа', 'Lamp 💡'), ' ', h % 1000),
  CONCAT('First line of ', n, '\nsecond line\twith a tab, a \\ and ''quotes''\r\n', REPEAT(ELT(1 + h % 5, 'lorem ', '빛 ', 'φως ', 'نور ', '🌞 '), 3 + h % 15)),
  (h % 10000000) / 100, IF(h % 10 = 0, NULL, (h % 100003) / 7), IF(h % 11 = 0, NULL, h / 1e7),
  CONCAT('{"color": "', ELT(1 + h % 6, 'red', 'grün', '파랑', 'μαύρο', 'أبيض', 'café'), '", "sizes": [', h % 40, ', ',
    h % 90, '], "energy": {"class": "', CHAR(65 + h % 7 USING ascii), '", "kwh": ', h % 900, '.25}, "sold": ',
    IF(h % 2, 'true', 'false'), '}'),
  1 + h % 4, h % 32, h % 256,
  TIMESTAMP('2020-01-01') + INTERVAL h % 126230400 SECOND + INTERVAL h % 1000000 MICROSECOND,
  TIMESTAMP('2024-01-01') + INTERVAL h % 31536000 SECOND + INTERVAL (h % 1000) * 1000 MICROSECOND
FROM drawn;

INSERT INTO product_images (product_id, position, mime, sha, content)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @products),
drawn AS (SELECT n, CRC32(CONCAT(@seed, ':image:', n)) AS h FROM seq)
SELECT n, 1, 1 + h % 3, UNHEX(SHA2(h, 256)),
  CONCAT(x'89504E470D0A1A0A00', REPEAT(UNHEX(SHA2(CONCAT(h, 'b'), 512)), 1 + h % 12), x'5C0A09275C4E00FF')
FROM drawn;

INSERT INTO product_translations (product_id, locale, title, body)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @products),
drawn AS (SELECT n, locale, CRC32(CONCAT(@seed, ':', locale, ':', n)) AS h FROM seq
  JOIN (SELECT 'ko' AS locale UNION ALL SELECT 'ar' UNION ALL SELECT 'el' UNION ALL SELECT 'ja') AS locales)
SELECT n, locale,
  CASE locale WHEN 'ko' THEN CONCAT('따뜻한 빛의 조명 ', h % 999) WHEN 'ar' THEN CONCAT('مصباح دافئ ', h % 999)
    WHEN 'el' THEN CONCAT('Ζεστό φως ', h % 999) ELSE CONCAT('暖かい灯り ', h % 999, ' 𠮷') END,
  IF(h % 5 = 0, NULL, CONCAT(REPEAT(CASE locale WHEN 'ko' THEN '밤을 밝힙니다. ' WHEN 'ar' THEN 'يضيء الليل. '
    WHEN 'el' THEN 'Φωτίζει τη νύχτα. ' ELSE '夜を照らす。' END, 1 + h % 6), '👩‍👩‍👧 e', _utf8mb4 x'CC81'))
FROM drawn;

INSERT INTO stock (warehouse_id, product_id, quantity, shelf, counted_on)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @products),
drawn AS (SELECT n, w.id AS w, CRC32(CONCAT(@seed, ':stock:', w.id, ':', n)) AS h FROM warehouses AS w JOIN seq
  WHERE w.id <= 4)
SELECT w, n, CAST(h % 2000 AS SIGNED) - 100, CONCAT(CHAR(65 + h % 26 USING ascii), '-', h % 1000),
  IF(h % 3 = 0, NULL, DATE_ADD('2023-01-01', INTERVAL h % 700 DAY))
FROM drawn;

INSERT INTO customers (id, email, name, country_code, referred_by, born_on, credit, preferences, token, registered_at)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @customers),
drawn AS (SELECT n, CRC32(CONCAT(@seed, ':customer:', n)) AS h FROM seq)
SELECT n * 3, CONCAT(IF(h % 2, 'Kunde', 'kunde'), n, '@', ELT(1 + h % 3, 'post', 'почта', 'mail'), '.example'),
  CONCAT(ELT(1 + h % 10, '이서연', 'يوسف', 'Γιώργος', 'Jürgen', '佐藤', 'אורי', 'Ірина', 'มาลี', 'François', '小明 🐼'), ' ',
    ELT(1 + h % 4, 'Kim', 'Παπαδόπουλος', 'Müller', 'O''Hara')),
  ELT(1 + h % 12, 'DE', 'GR', 'KR', 'EG', 'JP', 'IL', 'TH', 'UA', 'IN', 'CN', 'GE', 'FR'),
  IF(h % 4 = 0, 3 * (1 + h % @customers), NULL), IF(h % 9 = 0, NULL, DATE_ADD('1930-06-01', INTERVAL h % 28000 DAY)),
  CAST(h % 2000000 AS SIGNED) / 100 - 5000,
  IF(h % 7 = 0, NULL, CONCAT('{"newsletter": ', IF(h % 3, 'true', 'false'), ', "language": "',
    ELT(1 + h % 4, 'ko', 'ar', 'el', 'de'), '", "limits": [', h % 77, ', null, {"a": "é"}]}')),
  IF(h % 5 = 0, NULL, UNHEX(SHA2(h, 256))), TIMESTAMP('2018-03-01') + INTERVAL h % 200000000 SECOND
FROM drawn;

INSERT INTO addresses (customer_id, number, kind, street, city, postcode)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @customers),
drawn AS (SELECT n, number, CRC32(CONCAT(@seed, ':address:', number, ':', n)) AS h FROM seq
  JOIN (SELECT 1 AS number UNION ALL SELECT 2) AS numbers WHERE number = 1 OR n % 2 = 0)
SELECT n * 3, number, 1 + h % 3,
  CONCAT(ELT(1 + h % 5, 'Hauptstraße', '종로', 'Λεωφόρος Αθηνών', 'شارع النيل', 'Rue de l''Étoile'), ' ', h % 300),
  ELT(1 + h % 7, 'Berlin', '서울', 'Αθήνα', 'القاهرة', '東京', 'Київ', 'Paris'), IF(h % 6 = 0, NULL, LPAD(h % 99999, 5, '0'))
FROM drawn;

INSERT INTO orders (id, customer_id, address_number, handled_by, status, placed_at, shipping, note)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @orders),
drawn AS (SELECT n, CRC32(CONCAT(@seed, ':order:', n)) AS h FROM seq)
SELECT n, 3 * (1 + h % @customers), 1, IF(h % 5 = 0, NULL, 1 + h % @employees), 1 + h % 5,
  TIMESTAMP('2021-01-01') + INTERVAL h % 126000000 SECOND + INTERVAL h % 1000000 MICROSECOND, (h % 2000) / 100,
  ELT(1 + h % 9, 'please ring twice', '문 앞에 놓아 주세요 🙏', 'αφήστε στον γείτονα', 'اتركه عند الباب', '', 'NULL', '\\N', NULL, NULL)
FROM drawn;

INSERT INTO order_items (order_id, line, product_id, quantity, unit_price, discount)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @orders),
drawn AS (SELECT n, line, CRC32(CONCAT(@seed, ':item:', line, ':', n)) AS h FROM seq
  JOIN (SELECT 1 AS line UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) AS numbers WHERE line <= 1 + n % 4)
SELECT n, line, 1 + h % @products, 1 + h % 9, (h % 5000000) / 100, (h % 4) * 0.05
FROM drawn;

INSERT INTO payments (id, order_id, method, amount, paid_at, answer)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @orders),
drawn AS (SELECT n, CRC32(CONCAT(@seed, ':payment:', n)) AS h FROM seq WHERE n % 3 > 0)
SELECT UNHEX(MD5(CONCAT(@seed, n))), n, 1 + h % 4, (h % 90000000) / 100,
  TIMESTAMP('2021-01-02') + INTERVAL h % 126000000 SECOND + INTERVAL h % 1000000 MICROSECOND,
  IF(h % 3 = 0, NULL, UNHEX(SHA1(h)))
FROM drawn;

INSERT INTO order_history (order_id, changed_at, status, remark)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @orders),
drawn AS (SELECT n, CRC32(CONCAT(@seed, ':history:', n)) AS h FROM seq)
SELECT n, TIMESTAMP('2021-02-01') + INTERVAL h % 126000000 SECOND + INTERVAL h % 1000000 MICROSECOND,
  ELT(1 + h % 4, 'paid', 'packed', 'sent', 'returned'), IF(h % 2, NULL, CONCAT('scan ', h, ' ✔'))
FROM drawn;

INSERT INTO page_views (seen_at, path, customer_id, browser)
WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < @views),
drawn AS (SELECT n, CRC32(CONCAT(@seed, ':view:', n % 20000)) AS h FROM seq)
SELECT TIMESTAMP('2024-05-01') + INTERVAL h % 600000 SECOND, CONCAT('/p/', h % 500, ELT(1 + h % 3, '', '?q=빛', '#top')),
  IF(h % 2, NULL, 3 * (1 + h % @customers)), ELT(1 + h % 4, 'Firefox', 'Safari', 'curl', NULL)
FROM drawn;

COMMIT;
