-- name: insert_job(tenant_id, kind, title, params, asked_by, asked_from, keep_days)$
insert into jobs.job (tenant_id, kind, title, params, asked_by, asked_from, expires_at)
values (:tenant_id, :kind, :title, :params, :asked_by, :asked_from, now() + make_interval(days => :keep_days))
returning id;

-- name: put_in_queue(lock, tenant_id, job_id)!
-- The library's own function; the entry exists when the caller's transaction commits.
select procrastinate.procrastinate_defer_jobs_v1(array[row (
  'jobs', 'job', 0, :lock::text, null,
  jsonb_build_object('tenant_id', :tenant_id::bigint, 'job_id', :job_id::bigint), null
)::procrastinate.procrastinate_job_to_defer_v1]);

-- name: job(tenant_id, id)^
select * from jobs.job where tenant_id = :tenant_id and id = :id;

-- name: files(tenant_id, job_id)
select role, name, media_type, size from jobs.file where tenant_id = :tenant_id and job_id = :job_id;

-- name: cancel(tenant_id, id)^
-- A waiting job ends here; a running one is told, and ends itself.
update jobs.job
   set cancel_wanted = true,
       state = case state when 'queued' then 'cancelled' else state end,
       ended_at = case state when 'queued' then now() end
 where tenant_id = :tenant_id and id = :id and state in ('queued', 'running')
returning state;

-- name: lock_job(tenant_id, id)^
-- Waits until no transaction of an earlier attempt is open: each holds its row (`hold`).
select state, attempt, kind from jobs.job where tenant_id = :tenant_id and id = :id for update;

-- name: begin_attempt(tenant_id, id)^
update jobs.job
   set state = 'running', attempt = attempt + 1, started_at = now(), seen_at = now(), done = 0, total = 0,
       step = null, outcome = '{}', detail = null
 where tenant_id = :tenant_id and id = :id
returning *;

-- name: hold(tenant_id, id, attempt)$
-- Fails to find the row once another attempt has begun; until then none can begin.
select id from jobs.job
 where tenant_id = :tenant_id and id = :id and attempt = :attempt and state = 'running' for key share;

-- name: note(tenant_id, id, attempt, done, total, step)$
update jobs.job
   set done = :done, total = :total, step = :step, seen_at = now()
 where tenant_id = :tenant_id and id = :id and attempt = :attempt and state = 'running'
returning cancel_wanted;

-- name: finish(tenant_id, id, attempt, state, outcome, detail, sentence)$
update jobs.job
   set state = :state, outcome = :outcome, detail = :detail, sentence = :sentence, step = null,
       seen_at = now(), ended_at = now(), done = case :state when 'done' then total else done end
 where tenant_id = :tenant_id and id = :id and attempt = :attempt and state = 'running'
returning id;

-- name: detail(tenant_id, id)^
select detail, asked_by from jobs.job where tenant_id = :tenant_id and id = :id;

-- name: delete_file(tenant_id, job_id, role)!
delete from jobs.file where tenant_id = :tenant_id and job_id = :job_id and role = :role;

-- name: insert_file(tenant_id, job_id, role, name, media_type, size)!
insert into jobs.file (tenant_id, job_id, role, name, media_type, size)
values (:tenant_id, :job_id, :role, :name, :media_type, :size);

-- name: insert_piece(tenant_id, job_id, role, position, box)!
insert into jobs.piece (tenant_id, job_id, role, position, box)
values (:tenant_id, :job_id, :role, :position, :box);

-- name: piece(tenant_id, job_id, role, position)$
select box from jobs.piece
 where tenant_id = :tenant_id and job_id = :job_id and role = :role and position = :position;

-- name: tenants()
select tenant_id from tenants.route order by tenant_id;

-- name: expire_files(tenant_id)!
delete from jobs.file f using jobs.job j
 where f.tenant_id = :tenant_id and j.tenant_id = f.tenant_id
   and j.id = f.job_id and j.expires_at < now();

-- name: expire_details(tenant_id)!
update jobs.job set detail = null
 where tenant_id = :tenant_id and expires_at < now() and detail is not null;

-- name: wait_briefly()!
set local lock_timeout = '10s';
