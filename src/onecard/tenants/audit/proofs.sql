-- name: head(tenant_id)^
select number, hash, at from audit.head where tenant_id = :tenant_id;

-- name: chain(tenant_id)
select tenant_id, number, at, actor, origin, function, thing, subject, before::text, after::text, note, hash
  from audit.entry where tenant_id = :tenant_id order by number;
