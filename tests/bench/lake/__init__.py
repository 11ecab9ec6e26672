"""`python -m tests.bench.lake`: copies of Hive tables between two lakes, beside other tools, and plans of large ones."""
