"""The local runtime: SQLite and memory behind the seams."""
