"""Lakes: tables in Trino, files in an object store."""
