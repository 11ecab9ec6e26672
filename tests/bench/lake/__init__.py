"""`python -m tests.bench.lake`: copies of tables of Hive beside other tools, and plans of large lakes."""
