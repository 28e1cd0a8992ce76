"""Opening SQLite or PostgreSQL, and bringing a schema up to date."""
