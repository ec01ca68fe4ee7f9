"""The ledger: policies, books, entries, member years, claims.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "book",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("person_times", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("credit", sa.Integer(), nullable=False),
        sa.Column("prior_credit", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(), nullable=True),
        sa.Column("seal", sa.String(length=64), nullable=True),
        sa.CheckConstraint("entries >= 0", name=op.f("ck_book_entries_not_negative")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_book_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book")),
    )
    with op.batch_alter_table("book", schema=None) as batch_op:
        batch_op.create_index("uq_book_unit_year", ["unit_id", "year"], unique=True)

    op.create_table(
        "policy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=False),
        sa.Column("published_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["published_by_id"], ["account.id"], name=op.f("fk_policy_published_by_id_account")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_policy_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
    )
    with op.batch_alter_table("policy", schema=None) as batch_op:
        batch_op.create_index("uq_policy_version", ["unit_id", "year", "version"], unique=True)

    op.create_table(
        "hour_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("book_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("credit_year", sa.Integer(), nullable=False),
        sa.Column("activity", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("credit", sa.Integer(), nullable=False),
        sa.Column("policy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("proof", sa.String(length=1), nullable=False),
        sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("posted_by", sa.String(length=32), nullable=False),
        sa.Column("posted_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("posted_at", sa.BigInteger(), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("mode IN ('group', 'self')", name=op.f("ck_hour_entry_mode")),
        sa.CheckConstraint("proof IN ('A', 'B', 'C', 'D')", name=op.f("ck_hour_entry_proof")),
        sa.CheckConstraint(
            "(reverses_id IS NULL) = (minutes > 0)", name=op.f("ck_hour_entry_only_reversals_negative")
        ),
        sa.CheckConstraint("abs(minutes) <= 1440", name=op.f("ck_hour_entry_within_a_day")),
        sa.CheckConstraint("minutes <> 0 AND credit * minutes >= 0", name=op.f("ck_hour_entry_same_sign")),
        sa.CheckConstraint("seq > 0", name=op.f("ck_hour_entry_seq_positive")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_hour_entry_book_id_book")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_hour_entry_member_id_member")),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_hour_entry_policy_id_policy")),
        sa.ForeignKeyConstraint(
            ["posted_by_id"], ["account.id"], name=op.f("fk_hour_entry_posted_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["hour_entry.id"], name=op.f("fk_hour_entry_reverses_id_hour_entry")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hour_entry")),
        sa.UniqueConstraint("hash", name=op.f("uq_hour_entry_hash")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_hour_entry_reverses_id")),
        sa.UniqueConstraint("source", name=op.f("uq_hour_entry_source")),
    )
    with op.batch_alter_table("hour_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_hour_entry_book_id_day_id"), ["book_id", "day", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_hour_entry_member_id_credit_year_id"),
            ["member_id", "credit_year", "id"],
            unique=False,
        )
        batch_op.create_index("uq_hour_entry_book_seq", ["book_id", "seq"], unique=True)

    op.create_table(
        "member_year",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("credit_year", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("group_a", sa.Integer(), nullable=False),
        sa.Column("group_b", sa.Integer(), nullable=False),
        sa.Column("group_c", sa.Integer(), nullable=False),
        sa.Column("group_d", sa.Integer(), nullable=False),
        sa.Column("self_a", sa.Integer(), nullable=False),
        sa.Column("self_b", sa.Integer(), nullable=False),
        sa.Column("self_c", sa.Integer(), nullable=False),
        sa.Column("self_d", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("on_care", sa.Boolean(), nullable=False),
        sa.Column("custody_unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["custody_unit_id"], ["unit.id"], name=op.f("fk_member_year_custody_unit_id_unit")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_year_member_id_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_year")),
    )
    with op.batch_alter_table("member_year", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_member_year_custody_unit_id_credit_year"),
            ["custody_unit_id", "credit_year"],
            unique=False,
        )
        batch_op.create_index("uq_member_year", ["member_id", "credit_year"], unique=True)

    op.create_table(
        "hour_claim",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("occurrence", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("activity", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("proof", sa.String(length=1), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("uncovered", sa.Integer(), nullable=False),
        sa.Column("overlaps_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("made_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["account.id"], name=op.f("fk_hour_claim_decided_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["account.id"], name=op.f("fk_hour_claim_made_by_id_account")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_hour_claim_member_id_member")),
        sa.ForeignKeyConstraint(
            ["overlaps_id"], ["hour_entry.id"], name=op.f("fk_hour_claim_overlaps_id_hour_entry")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_hour_claim_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hour_claim")),
    )
    with op.batch_alter_table("hour_claim", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_hour_claim_member_id_state_id"), ["member_id", "state", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_hour_claim_unit_id_state_id"), ["unit_id", "state", "id"], unique=False
        )
        batch_op.create_index(
            "uq_hour_claim_one_held",
            ["member_id", "occurrence"],
            unique=True,
            sqlite_where=sa.text("state = 'held'"),
            postgresql_where=sa.text("state = 'held'"),
        )


def downgrade():
    with op.batch_alter_table("hour_claim", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_hour_claim_one_held",
            sqlite_where=sa.text("state = 'held'"),
            postgresql_where=sa.text("state = 'held'"),
        )
        batch_op.drop_index(batch_op.f("ix_hour_claim_unit_id_state_id"))
        batch_op.drop_index(batch_op.f("ix_hour_claim_member_id_state_id"))

    op.drop_table("hour_claim")
    with op.batch_alter_table("member_year", schema=None) as batch_op:
        batch_op.drop_index("uq_member_year")
        batch_op.drop_index(batch_op.f("ix_member_year_custody_unit_id_credit_year"))

    op.drop_table("member_year")
    with op.batch_alter_table("hour_entry", schema=None) as batch_op:
        batch_op.drop_index("uq_hour_entry_book_seq")
        batch_op.drop_index(batch_op.f("ix_hour_entry_member_id_credit_year_id"))
        batch_op.drop_index(batch_op.f("ix_hour_entry_book_id_day_id"))

    op.drop_table("hour_entry")
    with op.batch_alter_table("policy", schema=None) as batch_op:
        batch_op.drop_index("uq_policy_version")

    op.drop_table("policy")
    with op.batch_alter_table("book", schema=None) as batch_op:
        batch_op.drop_index("uq_book_unit_year")

    op.drop_table("book")
