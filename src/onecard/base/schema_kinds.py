"""The three kinds of tables, declared once, and what follows from the kind: policies and grants.

- tenant: holds rows of tenants; `tenant_id` first in every key; forced row-level security.
- routing: finds the tenant of something global (a code, a serial number); no personal data, no foreign keys.
- local: belongs to the installation, not to a tenant.
"""

TENANT_TABLES: dict[str, str] = {
    # table: what the application may do with it (the owner of the schema is never the application)
    "tenants.tenant": "select, insert, update (name, currency, time_zone, day_cutoff, language, state)",
    "tenants.counter": "select, insert, update (value)",
    "tenants.operator": (
        "select, insert, update (name, department_id, all_departments, remark, may_sign_in_on_devices,"
        " may_top_up, state, ends_on, password_hash, password_changed_at, password_set_by_other, language,"
        " time_zone, locked_until, signed_in_at, changed_at), delete"
    ),
    "tenants.role": "select, insert, update (name, remark, functions, changed_at), delete",
    "tenants.operator_role": "select, insert, delete",
    "tenants.operator_grant": "select, insert, delete",
    "tenants.session": (
        "select, insert, update (token_hash, former_hash, former_until, state, second_factor, agent, seen_at,"
        " idle_seconds, ends_at, confirmed_at, password_at, ended_at, ended_by), delete"
    ),
    "tenants.known_place": "select, insert, update (seen_at), delete",
    "tenants.sign_in_link": "select, insert, update (used_at), delete",
    "tenants.totp": "select, insert, update (secret_box, last_step, confirmed_at, created_at), delete",
    "tenants.recovery_code": "select, insert, update (used_at), delete",
    "tenants.passkey": "select, insert, update (sign_count, name, used_at), delete",
    "tenants.passkey_challenge": "select, insert, delete",
    "tenants.approval": "select, insert, update (state, decided_by, decided_at, remark, done_at)",
    "tenants.api_key": "select, insert, update (used_at, used_from, revoked_at)",
    "tenants.idempotency": (
        "select, insert, update (request, content_hash, claim, claim_until, status, content_type, body,"
        " expires_at), delete"
    ),
    "tenants.oidc": (
        "select, insert, update (issuer, client, secret_box, claim, label, enabled, changed_at), delete"
    ),
    "tenants.oidc_start": "select, insert, delete",
    "tenants.settings": (
        "select, insert, update (idle_minutes, absolute_minutes, second_factor, approvals, password_sign_in,"
        " photo_days, id_number_days, holder_language, receipt_footer, changed_at)"
    ),
    "tenants.logo": "select, insert, update (png, width, height, digest, changed_at), delete",
    "audit.head": "select",
    "audit.entry": "select",
    "people.department": "select, insert, update (code, name, parent_id, position), delete",
    "people.account_class": (
        "select, insert, update (name, drawing, floor_fen, transaction_limit_fen, meal_limit_fen,"
        " meal_limit_count, day_limit_fen, day_limit_count, cards_most, version, card_fee_fen, deposit_fen,"
        " valid_days, valid_until, batch_starts, batch_ends, batch_expires, purses, pin_above_fen,"
        " overdraft_fen, refund_cash, refund_subsidy, refund_bonus, refund_water, leaving_cash,"
        " leaving_subsidy, leaving_bonus, leaving_water), delete"
    ),
    "people.class_rate": "select, insert, delete",
    "people.class_exclusion": "select, insert, delete",
    "people.person": (
        "select, insert, update (name, department_id, class_id, gender, id_number_box, id_number_tag,"
        " phone, state, changed_at, email, entered_on, leaves_on, left_on, remark, custom, version, pinyin,"
        " search_version, erased_at)"
    ),
    "people.search_key": "select, insert, delete",
    "people.field": "select, insert, update (name, choices, required, position), delete",
    "people.photo": "select, insert, update (face_use), delete",
    "people.consent": "select, insert, update (withdrawn_at, giver)",
    "people.policy": "select, insert, update (photo_check)",
    "ledger.account": "select",
    "ledger.account_change": "select",
    "ledger.book": "select",
    "ledger.line": "select",
    "ledger.memo": "select",
    "ledger.refusal": "select",
    "ledger.hold": "select",
    "ledger.reversal": "select",
    "cards.card": (
        "select, insert, update (person_id, state, changed_at, generation, key_version, pin, technology,"
        " number, valid_until, fee_fen, deposit_fen)"
    ),
    "cards.purse": "select, insert, update (counter, desk_seq, cash_fen, subsidy_fen, seen_at)",
    "cards.stock": "select, insert, update (box, state, changed_at)",
    "cards.box": "select, insert",
    "cards.format": (
        "select, insert, update (technology, mode, size, first_sector, lift_groups, value_blocks,"
        " number_digits, changed_at)"
    ),
    "cards.site": "select, insert, update (pin, changed_at)",
    "cards.key_set": "select, insert, update (wrapped_by, box)",
    "cards.custody_event": "select, insert",
    "devices.device": "select, insert, update (merchant_id, name, place, state, secret_hash, changed_at)",
    "devices.presence": "select, insert, update",
    "devices.epoch": "select, insert, update (watermark, last_record_at, said, said_at)",
    "devices.dataset_change": "select, insert",
    "devices.dataset_have": "select, insert, update",
    "devices.write_off": "select, insert",
    "devices.workstation": (
        "select, insert, update (name, public_key, code_hash, code_ends, code_tries, version, online,"
        " enrolled_at, revoked_at, last_seen, rivalled_at, changed_at)"
    ),
    "devices.record": "select, insert",
    "devices.quarantine": "select, insert",
    "desk.drawer": "select, insert",
    "desk.operation": (
        "select, insert, update (state, card_id, amount_fen, trouble, lease_until, changed_at)"
    ),
    "desk.part": "select, insert, update (state, posting_key)",
    "desk.load": "select, insert, update (operation_id)",
    "jobs.job": (
        "select, insert, update (state, attempt, done, total, step, outcome, detail, sentence, cancel_wanted,"
        " started_at, seen_at, ended_at)"
    ),
    "jobs.file": "select, insert, delete",
    "jobs.piece": "select, insert, delete",
    "consumption.merchant": "select, insert, update (name, state)",
    "consumption.meal": "select, insert, update (name, starts, ends), delete",
}

ROUTING_TABLES: dict[str, str] = {
    "tenants.route": "select, insert, update (suspended)",
    "devices.route": "select, insert, update, delete",
    "devices.dataset_due": "select, insert, update (next_at)",
    "devices.workstation_route": "select, insert, update (revoked_at, changed_at), delete",
    "cards.route": "select, insert",
}

LOCAL_TABLES: dict[str, str] = {
    "base.migration": "select",
    "ledger.head": "select",
    "ledger.batch": "select",
    "devices.candidate": "select, insert, update, delete",
    "tenants.throttle": "select, insert, update, delete",
}

LIBRARY_TABLES: dict[str, str] = {
    # made by a library for itself, in a schema of its own, by its own rules; what serves may do with them.
    # They say that a job waits (numbers of tenant and job) and who works, never anything about a person
    "procrastinate.procrastinate_jobs": "select, insert, update, delete",
    "procrastinate.procrastinate_events": "insert",
    "procrastinate.procrastinate_periodic_defers": "select, update",
    "procrastinate.procrastinate_workers": "select, insert, update, delete",
}
LIBRARY_SCHEMAS = ("procrastinate",)

SCHEMAS = ("base", "jobs", "tenants", "audit", "people", "ledger", "cards", "devices", "consumption", "desk")
LEDGER_TABLES = tuple(name for name in TENANT_TABLES if name.startswith("ledger."))
TENANT_EXPRESSION = "nullif(current_setting('onecard.tenant', true), '')::bigint"


def policies_sql() -> str:
    """Forced row-level security for every tenant table; without a tenant nothing is seen, nothing written."""
    statements = []
    one_tenant = f"tenant_id = {TENANT_EXPRESSION}"
    for table in TENANT_TABLES:
        statements += [
            f"alter table {table} enable row level security;",
            f"alter table {table} force row level security;",
            f"drop policy if exists one_tenant on {table};",
            f"create policy one_tenant on {table} using ({one_tenant}) with check ({one_tenant});",
        ]
    for table in LEDGER_TABLES:
        # The ledger's own role (nobody signs in as it) runs the posting functions, which serve all tenants of
        # a shard
        statements += [
            f"drop policy if exists ledger_writer on {table};",
            f"create policy ledger_writer on {table} to onecard_ledger using (true) with check (true);",
        ]
    return "\n".join(statements)


def grants_sql() -> str:
    """Exactly the rights declared above for the application; none for the engine beyond its functions."""
    schemas, books = ", ".join(SCHEMAS), ", ".join(LEDGER_TABLES)
    statements = [
        # column rights stand apart from table rights; this takes back both
        f"revoke all on all tables in schema {schemas} from public, onecard_app, onecard_engine;",
        f"revoke all on all sequences in schema {schemas} from public, onecard_app, onecard_engine;",
        f"grant usage on schema {schemas} to onecard_app;",
        "grant usage on schema ledger to onecard_engine, onecard_ledger;",
        "grant usage on schema tenants to onecard_ledger;",
        f"grant select on tenants.route, {books}, ledger.head, ledger.batch to onecard_ledger;",
        f"grant insert on {books}, ledger.batch to onecard_ledger;",
        "grant update on ledger.account, ledger.book, ledger.hold, ledger.head to onecard_ledger;",
        # under the one_tenant policy like everybody: even the audit's function writes for one tenant only
        "revoke all on audit.head, audit.entry from onecard_audit;",
        "grant usage on schema audit to onecard_audit;",
        "grant select, insert, update (number, hash, at) on audit.head to onecard_audit;",
        "grant insert on audit.entry to onecard_audit;",
        "grant usage on sequence tenants.tenant_ids to onecard_app;",
    ]
    for table, rights in (TENANT_TABLES | ROUTING_TABLES | LOCAL_TABLES).items():
        statements.append(f"grant {rights} on {table} to onecard_app;")
    return "\n".join(statements)
