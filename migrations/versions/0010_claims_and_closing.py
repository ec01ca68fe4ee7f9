"""Claims with evidence, platforms and take-overs; drafts of rules; sign-off, sealed years, statements.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPEND_ONLY = ("claim_step", "sign_off", "year_seal")
TABLES = (
    "platform",
    "policy_draft",
    "year_seal",
    "sign_off",
    "statement",
    "takeover",
    "statement_look",
    "takeover_row",
    "claim_step",
    "evidence",
    "evidence_look",
)
HELD = {"sqlite_where": sa.text("state = 'held'"), "postgresql_where": sa.text("state = 'held'")}


def upgrade():
    tables()
    op.drop_index("uq_hour_claim_one_held", "hour_claim")
    claims()
    op.create_index("uq_hour_claim_one_held", "hour_claim", ["member_id", "occurrence"], unique=True, **HELD)
    for column in ("sealed_counted", "sealed_target"):
        op.add_column(
            "member_year", sa.Column(column, sa.Integer())
        )  # plainly: a batch would drop the triggers
    op.add_column("member_year", sa.Column("corrections", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "member_year", sa.Column("lacks_class", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("policy", sa.Column("effective_on", sa.Date()))
    for table in APPEND_ONLY:
        guard(table)
    if op.get_bind().dialect.name == "sqlite":
        for table, keys in KEYS.items():
            no_replace(table, keys)


KEYS = {  # what INSERT OR REPLACE would take as the same row, and remove unseen
    "claim_step": [],
    "sign_off": ["o.book_id = NEW.book_id AND o.month = NEW.month"],
    "year_seal": ["o.unit_id = NEW.unit_id AND o.year = NEW.year", "o.code = NEW.code"],
    "policy": ["o.unit_id = NEW.unit_id AND o.year = NEW.year AND o.version = NEW.version"],
}


def no_replace(table, keys):
    """On SQLite: REPLACE fires no trigger of DELETE."""
    same = " OR ".join(["o.id = NEW.id", *keys])
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} BEGIN "
        f"SELECT RAISE(ABORT, 'ledger: {table} is append-only') WHERE EXISTS "
        f"(SELECT 1 FROM {table} o WHERE {same}); END"
    )


def guard(table):
    """Neither UPDATE nor DELETE, as for the ledger's lines."""
    for verb in ("UPDATE", "DELETE"):
        name, text = f"{table}_no_{verb.lower()}", f"ledger: {table} is append-only"
        if op.get_bind().dialect.name == "sqlite":
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{text}'); END"
            )
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $pb$ BEGIN\n"
            f"RAISE EXCEPTION '{text}' USING ERRCODE = 'integrity_constraint_violation';\nEND $pb$"
        )
        events = f"{verb} OR TRUNCATE" if verb == "DELETE" else verb
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {events} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def tables():
    op.create_table(
        "platform",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("link", sa.String(length=200), nullable=False),
        sa.Column("counts_in", sa.String(length=12), nullable=False),
        sa.Column("per_hour", sa.Integer(), nullable=False),
        sa.Column("year_cap", sa.Integer(), nullable=False),
        sa.Column("proof", sa.String(length=1), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_platform_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform")),
    )
    op.create_index("uq_platform_name", "platform", ["unit_id", "name"], unique=True)

    op.create_table(
        "policy_draft",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by_id", ID, nullable=True),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["account.id"], name=op.f("fk_policy_draft_changed_by_id_account")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_policy_draft_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_draft")),
    )
    op.create_index("uq_policy_draft", "policy_draft", ["unit_id", "year"], unique=True)

    op.create_table(
        "year_seal",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("sealed_by_id", ID, nullable=True),
        sa.Column("sealed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sealed_by_id"], ["account.id"], name=op.f("fk_year_seal_sealed_by_id_account")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_year_seal_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_year_seal")),
        sa.UniqueConstraint("code", name=op.f("uq_year_seal_code")),
    )
    op.create_index("uq_year_seal", "year_seal", ["unit_id", "year"], unique=True)

    op.create_table(
        "sign_off",
        sa.Column("id", ID, nullable=False),
        sa.Column("book_id", ID, nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("person_times", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("credit", sa.Integer(), nullable=False),
        sa.Column("prior_credit", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("exceptions", sa.JSON(), nullable=False),
        sa.Column("signed_by_id", ID, nullable=True),
        sa.Column("signed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_sign_off_month")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_sign_off_book_id_book")),
        sa.ForeignKeyConstraint(
            ["signed_by_id"], ["account.id"], name=op.f("fk_sign_off_signed_by_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_off")),
    )
    op.create_index("uq_sign_off", "sign_off", ["book_id", "month"], unique=True)

    op.create_table(
        "statement",
        sa.Column("id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_by_id", ID, nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_by_id", ID, nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["made_by_id"], ["account.id"], name=op.f("fk_statement_made_by_id_account")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_statement_member_id_member")),
        sa.ForeignKeyConstraint(
            ["revoked_by_id"], ["account.id"], name=op.f("fk_statement_revoked_by_id_account")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_statement_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_statement_code_hash")),
    )
    op.create_index(op.f("ix_statement_member_id_id"), "statement", ["member_id", "id"])

    op.create_table(
        "takeover",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("platform_id", ID, nullable=True),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("file_id", ID, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("scan_id", ID, nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("made_by_id", ID, nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("decided_by_id", ID, nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["account.id"], name=op.f("fk_takeover_decided_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_takeover_file_id_stored_file")
        ),
        sa.ForeignKeyConstraint(["made_by_id"], ["account.id"], name=op.f("fk_takeover_made_by_id_account")),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_takeover_platform_id_platform")
        ),
        sa.ForeignKeyConstraint(
            ["scan_id"], ["stored_file.id"], name=op.f("fk_takeover_scan_id_stored_file")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_takeover_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_takeover")),
    )
    op.create_index(op.f("ix_takeover_state_id"), "takeover", ["state", "id"])
    op.create_index(op.f("ix_takeover_unit_id_id"), "takeover", ["unit_id", "id"])

    op.create_table(
        "statement_look",
        sa.Column("id", ID, nullable=False),
        sa.Column("statement_id", ID, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("visitor", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_statement_look_statement_id_statement")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_look")),
    )
    op.create_index(op.f("ix_statement_look_statement_id_id"), "statement_look", ["statement_id", "id"])

    op.create_table(
        "takeover_row",
        sa.Column("id", ID, nullable=False),
        sa.Column("takeover_id", ID, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("errors", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_takeover_row_member_id_member")),
        sa.ForeignKeyConstraint(
            ["takeover_id"], ["takeover.id"], name=op.f("fk_takeover_row_takeover_id_takeover")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_takeover_row")),
    )
    op.create_index("uq_takeover_row", "takeover_row", ["takeover_id", "line"], unique=True)

    op.create_table(
        "claim_step",
        sa.Column("id", ID, nullable=False),
        sa.Column("claim_id", ID, nullable=False),
        sa.Column("act", sa.String(length=12), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_claim_step_by_id_account")),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["hour_claim.id"], name=op.f("fk_claim_step_claim_id_hour_claim")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_step")),
    )
    op.create_index(op.f("ix_claim_step_claim_id_id"), "claim_step", ["claim_id", "id"])

    op.create_table(
        "evidence",
        sa.Column("id", ID, nullable=False),
        sa.Column("claim_id", ID, nullable=False),
        sa.Column("file_id", ID, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("band0", sa.Integer(), nullable=True),
        sa.Column("band1", sa.Integer(), nullable=True),
        sa.Column("band2", sa.Integer(), nullable=True),
        sa.Column("band3", sa.Integer(), nullable=True),
        sa.Column("made_by_id", ID, nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["hour_claim.id"], name=op.f("fk_evidence_claim_id_hour_claim")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_evidence_file_id_stored_file")
        ),
        sa.ForeignKeyConstraint(["made_by_id"], ["account.id"], name=op.f("fk_evidence_made_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("file_id", name=op.f("uq_evidence_file_id")),
    )
    op.create_index(op.f("ix_evidence_band0"), "evidence", ["band0"])
    op.create_index(op.f("ix_evidence_band1"), "evidence", ["band1"])
    op.create_index(op.f("ix_evidence_band2"), "evidence", ["band2"])
    op.create_index(op.f("ix_evidence_band3"), "evidence", ["band3"])
    op.create_index(op.f("ix_evidence_claim_id_id"), "evidence", ["claim_id", "id"])
    op.create_index(op.f("ix_evidence_sha256"), "evidence", ["sha256"])

    op.create_table(
        "evidence_look",
        sa.Column("id", ID, nullable=False),
        sa.Column("evidence_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_evidence_look_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["evidence_id"], ["evidence.id"], name=op.f("fk_evidence_look_evidence_id_evidence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_look")),
    )
    op.create_index("uq_evidence_look", "evidence_look", ["evidence_id", "account_id"], unique=True)


def claims():
    with op.batch_alter_table("hour_claim") as batch:
        batch.add_column(sa.Column("kind", sa.String(length=12), server_default="overlap", nullable=False))
        batch.add_column(sa.Column("credit", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("proxy_limit", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("note", sa.String(length=500), server_default="", nullable=False))
        batch.add_column(sa.Column("platform_id", ID, nullable=True))
        batch.add_column(sa.Column("quantity", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("host_unit_id", ID, nullable=True))
        batch.add_column(sa.Column("host_by_id", ID, nullable=True))
        batch.add_column(sa.Column("host_at", sa.DateTime(), nullable=True))
        batch.add_column(sa.Column("takeover_id", ID, nullable=True))
        batch.add_column(sa.Column("form_id", sa.String(length=36), nullable=True))
        batch.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch.add_column(sa.Column("entry_id", ID, nullable=True))
        batch.add_column(sa.Column("submitted_at", sa.DateTime(), nullable=True))
        batch.add_column(sa.Column("decided_by_member_id", ID, nullable=True))
        batch.add_column(sa.Column("second_by_id", ID, nullable=True))
        batch.add_column(sa.Column("second_by_member_id", ID, nullable=True))
        batch.add_column(sa.Column("second_at", sa.DateTime(), nullable=True))
        batch.add_column(sa.Column("appeal_until", sa.Date(), nullable=True))
        batch.alter_column("starts_at", existing_type=sa.BIGINT(), nullable=True)
        batch.alter_column("ends_at", existing_type=sa.BIGINT(), nullable=True)
        batch.create_index(batch.f("ix_hour_claim_takeover_id_id"), ["takeover_id", "id"], unique=False)
        batch.create_unique_constraint(batch.f("uq_hour_claim_form_id"), ["form_id"])
        batch.create_foreign_key(
            batch.f("fk_hour_claim_host_by_id_account"), "account", ["host_by_id"], ["id"]
        )
        batch.create_foreign_key(
            batch.f("fk_hour_claim_decided_by_member_id_member"), "member", ["decided_by_member_id"], ["id"]
        )
        batch.create_foreign_key(
            batch.f("fk_hour_claim_platform_id_platform"), "platform", ["platform_id"], ["id"]
        )
        batch.create_foreign_key(
            batch.f("fk_hour_claim_entry_id_hour_entry"), "hour_entry", ["entry_id"], ["id"]
        )
        batch.create_foreign_key(batch.f("fk_hour_claim_host_unit_id_unit"), "unit", ["host_unit_id"], ["id"])
        batch.create_foreign_key(
            batch.f("fk_hour_claim_takeover_id_takeover"), "takeover", ["takeover_id"], ["id"]
        )
        batch.create_foreign_key(
            batch.f("fk_hour_claim_second_by_member_id_member"), "member", ["second_by_member_id"], ["id"]
        )
        batch.create_foreign_key(
            batch.f("fk_hour_claim_second_by_id_account"), "account", ["second_by_id"], ["id"]
        )
        batch.create_check_constraint("not_ones_own", "decided_by_member_id <> member_id")
        batch.create_check_constraint("not_ones_own_second", "second_by_member_id <> member_id")
        batch.create_check_constraint("two_pairs_of_eyes", "second_by_id <> decided_by_id")
        batch.create_check_constraint(
            "proxy_limit",
            "kind = 'overlap' OR state <> 'approved' OR decided_by_id <> made_by_id OR credit <= proxy_limit",
        )


def downgrade():
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        for table in KEYS:
            op.execute(f"DROP TRIGGER {table}_no_replace")
    for table in APPEND_ONLY:
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{verb}" + ("" if sqlite else f" ON {table}"))
            if not sqlite:
                op.execute(f"DROP FUNCTION {table}_no_{verb}()")
    op.drop_column("policy", "effective_on")
    for column in ("lacks_class", "corrections", "sealed_target", "sealed_counted"):
        op.drop_column("member_year", column)
    for table in reversed(TABLES):
        if table not in ("platform", "takeover"):
            op.drop_table(table)
    op.drop_index("uq_hour_claim_one_held", "hour_claim")
    op.execute("DELETE FROM hour_claim WHERE kind <> 'overlap'")
    with op.batch_alter_table("hour_claim") as batch:
        for name in ("proxy_limit", "two_pairs_of_eyes", "not_ones_own_second", "not_ones_own"):
            batch.drop_constraint(op.f(f"ck_hour_claim_{name}"), type_="check")
        for name in (
            "fk_hour_claim_host_by_id_account",
            "fk_hour_claim_decided_by_member_id_member",
            "fk_hour_claim_platform_id_platform",
            "fk_hour_claim_entry_id_hour_entry",
            "fk_hour_claim_host_unit_id_unit",
            "fk_hour_claim_takeover_id_takeover",
            "fk_hour_claim_second_by_member_id_member",
            "fk_hour_claim_second_by_id_account",
        ):
            batch.drop_constraint(op.f(name), type_="foreignkey")
        batch.drop_constraint(op.f("uq_hour_claim_form_id"), type_="unique")
        batch.drop_index(op.f("ix_hour_claim_takeover_id_id"))
        batch.alter_column("starts_at", existing_type=sa.BIGINT(), nullable=False)
        batch.alter_column("ends_at", existing_type=sa.BIGINT(), nullable=False)
        for column in (
            "kind",
            "credit",
            "proxy_limit",
            "note",
            "platform_id",
            "quantity",
            "host_unit_id",
            "host_by_id",
            "host_at",
            "takeover_id",
            "form_id",
            "version",
            "entry_id",
            "submitted_at",
            "decided_by_member_id",
            "second_by_id",
            "second_by_member_id",
            "second_at",
            "appeal_until",
        ):
            batch.drop_column(column)
    op.create_index("uq_hour_claim_one_held", "hour_claim", ["member_id", "occurrence"], unique=True, **HELD)
    for table in ("takeover", "platform"):
        op.drop_table(table)
