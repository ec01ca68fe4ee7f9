"""The figures of a sealed year never change, nor is a year sealed in part: the database refuses it.

Revision ID: 0016
Revises: 0015
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NAME = "member_year_stays_sealed"
CHANGED = "ledger: a sealed year keeps its figures"
IN_PART = "ledger: a year is sealed whole"
COLUMNS = ("sealed_counted", "sealed_target")
PART = "(NEW.sealed_counted IS NULL) <> (NEW.sealed_target IS NULL)"


def changed(differs):
    """The condition in SQL; `differs` is how this database says IS DISTINCT FROM."""
    return " OR ".join(f"(OLD.{c} IS NOT NULL AND NEW.{c} {differs} OLD.{c})" for c in COLUMNS)


def upgrade():
    events = f"BEFORE UPDATE OF {', '.join(COLUMNS)} ON member_year"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {NAME} {events} BEGIN\n"
            f"SELECT RAISE(ABORT, '{CHANGED}') WHERE {changed('IS NOT')};\n"
            f"SELECT RAISE(ABORT, '{IN_PART}') WHERE {PART};\nEND"
        )
        return
    refuse = "RAISE EXCEPTION '{}' USING ERRCODE = '23000';"
    op.execute(
        f"CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $pb$ BEGIN\n"
        f"IF {changed('IS DISTINCT FROM')} THEN {refuse.format(CHANGED)} END IF;\n"
        f"IF {PART} THEN {refuse.format(IN_PART)} END IF;\nRETURN NEW;\nEND $pb$"
    )
    op.execute(f"CREATE TRIGGER {NAME} {events} FOR EACH ROW EXECUTE FUNCTION {NAME}()")
    op.execute(f"ALTER TABLE member_year ENABLE ALWAYS TRIGGER {NAME}")


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {NAME}")
        return
    op.execute(f"DROP TRIGGER {NAME} ON member_year")
    op.execute(f"DROP FUNCTION {NAME}()")
