-- name: insert_key(tenant_id, name, secret_hash, operator_id, functions, department_ids, ends_at, now)$
insert into tenants.api_key (tenant_id, name, secret_hash, operator_id, functions, department_ids, ends_at,
       created_at)
values (:tenant_id, :name, :secret_hash, :operator_id, :functions, :department_ids, :ends_at, :now)
returning id;

-- name: revoke(tenant_id, id, now)$
update tenants.api_key set revoked_at = :now
 where tenant_id = :tenant_id and id = :id and revoked_at is null returning name;

-- name: resume(tenant_id, id, secret_hash, where, now)^
-- The key, its operator and its tenant; that it was used is noted once a minute.
with used as (
  update tenants.api_key set used_at = :now, used_from = :where
   where tenant_id = :tenant_id and id = :id and secret_hash = :secret_hash and revoked_at is null
     and (ends_at is null or ends_at > :now)
     and (used_at is null or used_at < :now::timestamptz - interval '1 minute')
)
select k.name as key_name, k.secret_hash, k.operator_id, k.functions, k.department_ids, o.account,
       o.language as own_language, o.time_zone as own_time_zone, t.code, t.name as tenant_name, t.currency,
       t.minor_exponent, t.time_zone, t.day_cutoff, t.language, t.state
  from tenants.api_key k
  join tenants.operator o on o.tenant_id = k.tenant_id and o.id = k.operator_id
  join tenants.tenant t on t.tenant_id = k.tenant_id
 where k.tenant_id = :tenant_id and k.id = :id and k.secret_hash = :secret_hash and k.revoked_at is null
   and (k.ends_at is null or k.ends_at > :now)
   and t.state = 'active' and o.state = 'enabled'
   and (o.ends_on is null or (:now::timestamptz at time zone t.time_zone)::date <= o.ends_on);

-- name: forget_expired(tenant_id, now)!
-- A few with each new one, so that nobody waits for it.
delete from tenants.idempotency where tenant_id = :tenant_id and (asker, key) in (
  select i.asker, i.key from tenants.idempotency i
   where i.tenant_id = :tenant_id and i.expires_at <= :now
   order by i.expires_at limit 50 for update skip locked
);

-- name: claim(tenant_id, asker, key, request, content_hash, claim, claim_until, expires_at, now)$
-- A key that is new, expired, or whose worker died without an answer while the content is the same.
insert into tenants.idempotency as i (tenant_id, asker, key, request, content_hash, claim, claim_until,
       expires_at)
values (:tenant_id, :asker, :key, :request, :content_hash, :claim, :claim_until, :expires_at)
on conflict (tenant_id, asker, key) do update
   set request = excluded.request, content_hash = excluded.content_hash, claim = excluded.claim,
       claim_until = excluded.claim_until, expires_at = excluded.expires_at, status = null,
       content_type = '', body = null
 where i.expires_at <= :now
    or (i.status is null and i.claim_until <= :now and i.request = excluded.request
        and i.content_hash = excluded.content_hash)
returning claim;

-- name: kept(tenant_id, asker, key)^
select request, content_hash, status, content_type, body from tenants.idempotency
 where tenant_id = :tenant_id and asker = :asker and key = :key;

-- name: finish(tenant_id, asker, key, claim, status, content_type, body)$
update tenants.idempotency set status = :status, content_type = :content_type, body = :body
 where tenant_id = :tenant_id and asker = :asker and key = :key and claim = :claim and status is null
returning key;

-- name: give_up(tenant_id, asker, key, claim)!
delete from tenants.idempotency
 where tenant_id = :tenant_id and asker = :asker and key = :key and claim = :claim and status is null;
