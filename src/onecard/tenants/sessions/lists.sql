-- name: sessions(tenant_id, now)
-- Sessions of all operators that still live.
select s.id, s.operator_id, o.account, o.name, s.address, s.agent, s.method, s.second_factor, s.began_at,
       s.seen_at
  from tenants.session s join tenants.operator o on o.tenant_id = s.tenant_id and o.id = s.operator_id
 where s.tenant_id = :tenant_id and s.state = 'open' and s.ends_at > :now
   and s.seen_at > :now::timestamptz - make_interval(secs => s.idle_seconds)
   and s.password_at is not distinct from o.password_changed_at;
