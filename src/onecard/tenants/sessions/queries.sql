-- name: candidate(tenant_id, account, device_hash, address_hash, device_since, address_since)^
-- Who an account is, and whether it signed in before from this browser or address.
select o.id, o.account, o.password_hash, o.password_changed_at,
       exists (select from tenants.known_place p
                where p.tenant_id = :tenant_id and p.operator_id = o.id and p.kind = 'device'
                  and p.hash = :device_hash and p.seen_at > :device_since) as device_known,
       exists (select from tenants.known_place p
                where p.tenant_id = :tenant_id and p.operator_id = o.id and p.kind = 'address'
                  and p.hash = :address_hash and p.seen_at > :address_since) as address_known
  from tenants.operator o where o.tenant_id = :tenant_id and o.account = :account;

-- name: open(tenant_id, operator_id, token_hash, state, method, address, agent, at, idle_seconds, ends_at)$
insert into tenants.session (tenant_id, operator_id, token_hash, state, method, address, agent, began_at,
       seen_at, idle_seconds, ends_at, confirmed_at, password_at)
select o.tenant_id, o.id, :token_hash, :state, :method, :address, :agent, :at, :at, :idle_seconds, :ends_at,
       :at, o.password_changed_at
  from tenants.operator o where o.tenant_id = :tenant_id and o.id = :operator_id
returning id;

-- name: pending(tenant_id, token_hash, now, device_hash, address_hash, device_since, address_since)^
-- A sign-in that waits for its second proof.
select s.id, s.operator_id, s.method, o.account, o.password_changed_at,
       exists (select from tenants.known_place p
                where p.tenant_id = :tenant_id and p.operator_id = o.id and p.kind = 'device'
                  and p.hash = :device_hash and p.seen_at > :device_since) as device_known,
       exists (select from tenants.known_place p
                where p.tenant_id = :tenant_id and p.operator_id = o.id and p.kind = 'address'
                  and p.hash = :address_hash and p.seen_at > :address_since) as address_known
  from tenants.session s join tenants.operator o on o.tenant_id = s.tenant_id and o.id = s.operator_id
 where s.tenant_id = :tenant_id and s.token_hash = :token_hash and s.state = 'pending' and s.ends_at > :now;

-- name: promote(tenant_id, id, token_hash, second_factor, now, idle_seconds, ends_at)$
-- The second proof came: the session opens, under another token.
update tenants.session
   set state = 'open', token_hash = :token_hash, second_factor = :second_factor, seen_at = :now,
       idle_seconds = :idle_seconds, ends_at = :ends_at, confirmed_at = :now
 where tenant_id = :tenant_id and id = :id and state = 'pending' and ends_at > :now returning id;

-- name: resume(tenant_id, token_hash, now)^
-- The session, its operator and its tenant; that it was seen is noted once a minute.
with seen as (
  update tenants.session set seen_at = :now
   where tenant_id = :tenant_id and token_hash = :token_hash and state = 'open' and ends_at > :now
     and seen_at < :now::timestamptz - interval '1 minute'
     and seen_at > :now::timestamptz - make_interval(secs => idle_seconds)
)
select s.id as session_id, s.operator_id, s.confirmed_at, s.second_factor is not null as second_factor,
       o.account, o.name, o.may_sign_in_on_devices, o.may_top_up, o.language as own_language,
       o.time_zone as own_time_zone, o.password_set_by_other, o.password_hash is not null as has_password,
       t.code, t.name as tenant_name, t.currency, t.minor_exponent, t.time_zone, t.day_cutoff, t.language,
       t.state, coalesce(c.second_factor, 'nobody') as demand,
       (select l.digest from tenants.logo l where l.tenant_id = :tenant_id) as logo
  from tenants.session s
  join tenants.operator o on o.tenant_id = s.tenant_id and o.id = s.operator_id
  join tenants.tenant t on t.tenant_id = s.tenant_id
  left join tenants.settings c on c.tenant_id = s.tenant_id
 where s.tenant_id = :tenant_id
   and (s.token_hash = :token_hash or (s.former_hash = :token_hash and s.former_until > :now))
   and s.state = 'open' and s.ends_at > :now
   and s.seen_at > :now::timestamptz - make_interval(secs => s.idle_seconds)
   and s.password_at is not distinct from o.password_changed_at
   and t.state = 'active' and o.state = 'enabled'
   and (o.ends_on is null or (:now::timestamptz at time zone t.time_zone)::date <= o.ends_on);

-- name: rotate(tenant_id, id, token_hash, now, former_until)$
-- Another token; the one before still serves for the pages under way.
update tenants.session s
   set former_hash = s.token_hash, former_until = :former_until, token_hash = :token_hash,
       password_at = o.password_changed_at
  from tenants.operator o
 where s.tenant_id = :tenant_id and s.id = :id and s.state = 'open' and s.ends_at > :now
   and o.tenant_id = :tenant_id and o.id = s.operator_id
returning s.id;

-- name: note_confirmed(tenant_id, id, now, second_factor)!
update tenants.session set confirmed_at = :now, second_factor = coalesce(:second_factor, second_factor)
 where tenant_id = :tenant_id and id = :id and state = 'open';

-- name: end(tenant_id, operator_id, id, now, by)$
update tenants.session set state = 'ended', ended_at = :now, ended_by = :by
 where tenant_id = :tenant_id and operator_id = :operator_id and id = :id and state <> 'ended' returning id;

-- name: end_all(tenant_id, operator_id, except_id, now, by)
update tenants.session set state = 'ended', ended_at = :now, ended_by = :by
 where tenant_id = :tenant_id and operator_id = :operator_id and state <> 'ended'
   and id is distinct from :except_id::bigint
returning id;

-- name: forget_old(tenant_id, operator_id, before)!
delete from tenants.session
 where tenant_id = :tenant_id and operator_id = :operator_id and coalesce(ended_at, ends_at) < :before;

-- name: places(tenant_id, operator_id, now)
-- The sessions of one operator that still live, the newest first.
select s.id as session_id, s.address, s.agent, s.method, s.second_factor, s.began_at, s.seen_at
  from tenants.session s join tenants.operator o on o.tenant_id = s.tenant_id and o.id = s.operator_id
 where s.tenant_id = :tenant_id and s.operator_id = :operator_id and s.state = 'open' and s.ends_at > :now
   and s.seen_at > :now::timestamptz - make_interval(secs => s.idle_seconds)
   and s.password_at is not distinct from o.password_changed_at
 order by s.seen_at desc, s.id desc;

-- name: device_in_use(tenant_id, hash)$
-- Whether anybody of the tenant signed in from this browser.
select exists (select from tenants.known_place
                where tenant_id = :tenant_id and hash = :hash and kind = 'device');

-- name: remember_places(tenant_id, operator_id, device_hash, address_hash, at)!
insert into tenants.known_place (tenant_id, operator_id, kind, hash, seen_at)
values (:tenant_id, :operator_id, 'device', :device_hash, :at),
       (:tenant_id, :operator_id, 'address', :address_hash, :at)
on conflict (tenant_id, operator_id, kind, hash) do update set seen_at = excluded.seen_at;

-- name: forget_places(tenant_id, operator_id, before)!
delete from tenants.known_place
 where tenant_id = :tenant_id and operator_id = :operator_id and seen_at < :before;

-- name: insert_link(tenant_id, operator_id, secret_hash, ends_at)!
insert into tenants.sign_in_link (tenant_id, operator_id, secret_hash, ends_at)
values (:tenant_id, :operator_id, :secret_hash, :ends_at);

-- name: forget_links(tenant_id, operator_id, before)!
delete from tenants.sign_in_link
 where tenant_id = :tenant_id and operator_id = :operator_id and ends_at < :before;

-- name: use_link(tenant_id, secret_hash, now)$
update tenants.sign_in_link set used_at = :now
 where tenant_id = :tenant_id and secret_hash = :secret_hash and used_at is null and ends_at > :now
returning operator_id;

-- name: provider_serves(tenant_id)$
select exists (select from tenants.oidc where tenant_id = :tenant_id and enabled);
