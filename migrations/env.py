"""Run the migrations on an engine of their own: it may change the schema, the application's may not.

PBTRAIN_MIGRATE_DATABASE_URL names the owner's connection where the application has a lesser role.
"""

import os

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, pool

from pbtrain.core import sqlite

migrate = current_app.extensions["migrate"]
url = os.environ.get("PBTRAIN_MIGRATE_DATABASE_URL") or migrate.db.engine.url
engine = create_engine(url, poolclass=pool.NullPool)
if engine.dialect.name == "sqlite":
    sqlite.listen(engine, may_change_schema=True)

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=migrate.db.metadata,
        transaction_per_migration=True,
        **migrate.configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()
