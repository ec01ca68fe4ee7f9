"""What the fixtures are made of: databases, a PostgreSQL server, statement counts, browsers."""
