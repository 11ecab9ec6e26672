-- servers: maria11 -> target
-- uuid, inet6 and inet4 become text.
CREATE TABLE t (id UUID NOT NULL DEFAULT UUID() PRIMARY KEY, i6 INET6, i4 INET4);
INSERT INTO t VALUES ('123e4567-e89b-12d3-a456-426655440000', '::1', '10.0.0.1');
