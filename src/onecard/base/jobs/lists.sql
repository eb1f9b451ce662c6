-- name: jobs(tenant_id, asked_by)
-- asked_by null: of everybody.
select id, kind, title, asked_by, asked_at, state, done, total, step, sentence, started_at, ended_at
  from jobs.job where tenant_id = :tenant_id and (:asked_by::text is null or asked_by = :asked_by)
