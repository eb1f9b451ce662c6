-- name: insert_workstation(tenant_id, token, name)$
insert into devices.workstation (tenant_id, token, name) values (:tenant_id, :token, :name)
on conflict (tenant_id, token) do nothing returning id;

-- name: set_code(tenant_id, token, code_hash, seconds)^
-- The hash is of the secret part alone; the part before it is the workstation's number.
update devices.workstation
   set code_hash = :code_hash, code_ends = now() + make_interval(secs => :seconds), code_tries = 0
 where tenant_id = :tenant_id and token = :token returning code_ends;

-- name: id_of(tenant_id, token)$
select id from devices.workstation where tenant_id = :tenant_id and token = :token;

-- name: workstations(tenant_id)
select token, name,
       case when revoked_at is not null then 'revoked' when enrolled_at is not null then 'enrolled'
            else 'waiting' end as state,
       online and last_seen > now() - interval '1 minute' as online,
       last_seen, version, case when code_ends > now() then code_ends end as code_ends, enrolled_at,
       rivalled_at
  from devices.workstation where tenant_id = :tenant_id order by token;

-- name: rename(tenant_id, token, name)$
update devices.workstation set name = :name, changed_at = now()
 where tenant_id = :tenant_id and token = :token returning id;

-- name: revoke(tenant_id, token)$
-- An open code ends with it.
update devices.workstation
   set revoked_at = now(), changed_at = now(), online = false, code_hash = null, code_ends = null
 where tenant_id = :tenant_id and token = :token returning id;

-- name: revoke_route(tenant_id, workstation_id)!
update devices.workstation_route set revoked_at = now(), changed_at = now()
 where tenant_id = :tenant_id and workstation_id = :workstation_id;

-- name: lock_for_enrolment(tenant_id, id)^
select token, name, public_key, revoked_at is not null as revoked, code_hash, code_tries,
       code_ends is null as used, coalesce(code_ends <= now(), false) as expired
  from devices.workstation where tenant_id = :tenant_id and id = :id for update;

-- name: count_try(tenant_id, id)!
update devices.workstation set code_tries = code_tries + 1 where tenant_id = :tenant_id and id = :id;

-- name: enrol(tenant_id, id, public_key, version)!
update devices.workstation
   set public_key = :public_key, enrolled_at = now(), revoked_at = null, code_ends = null, version = :version,
       rivalled_at = null, changed_at = now()
 where tenant_id = :tenant_id and id = :id;

-- name: claim_route(public_key, tenant_id, workstation_id, token)$
-- A key belongs to one workstation for ever.
insert into devices.workstation_route as r (public_key, tenant_id, workstation_id, token)
values (:public_key, :tenant_id, :workstation_id, :token)
on conflict (public_key) do update set revoked_at = null, changed_at = now()
 where r.tenant_id = excluded.tenant_id and r.workstation_id = excluded.workstation_id
returning token;

-- name: forget_older_keys(tenant_id, workstation_id, public_key)!
delete from devices.workstation_route
 where tenant_id = :tenant_id and workstation_id = :workstation_id and public_key <> :public_key;

-- name: holder(public_key)^
select r.tenant_id, t.code as tenant_code, r.workstation_id, r.token,
       r.revoked_at is null and not t.suspended as welcome
  from devices.workstation_route r join tenants.route t on t.tenant_id = r.tenant_id
 where r.public_key = :public_key;

-- name: unwelcome(recent)
-- Workstations that may not be connected; `recent`: only what changed in the last minute.
select tenant_id, token from devices.workstation_route
 where revoked_at is not null and (not :recent or changed_at > now() - interval '1 minute');

-- name: set_presence(tenant_id, token, online, version)!
update devices.workstation set online = :online, version = :version, last_seen = now()
 where tenant_id = :tenant_id and token = :token and revoked_at is null;

-- name: set_rivalled(tenant_id, id)!
update devices.workstation set rivalled_at = now() where tenant_id = :tenant_id and id = :id;
