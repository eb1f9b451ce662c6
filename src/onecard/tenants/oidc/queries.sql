-- name: provider(tenant_id)^
select issuer, client, secret_box is not null as has_secret, claim, label, enabled
  from tenants.oidc where tenant_id = :tenant_id;

-- name: save(tenant_id, issuer, client, secret_box, keep_secret, claim, label, enabled)!
-- A kept secret stays with its issuer: it is never shown to another.
insert into tenants.oidc as p (tenant_id, issuer, client, secret_box, claim, label, enabled)
values (:tenant_id, :issuer, :client, :secret_box, :claim, :label, :enabled)
on conflict (tenant_id) do update
   set issuer = excluded.issuer, client = excluded.client,
       secret_box = case when :keep_secret and p.issuer = excluded.issuer then p.secret_box
                         else excluded.secret_box end,
       claim = excluded.claim, label = excluded.label, enabled = excluded.enabled, changed_at = now();

-- name: remove(tenant_id)!
delete from tenants.oidc where tenant_id = :tenant_id;

-- name: insert_start(tenant_id, secret_hash, issuer, redirect_uri, ends_at)!
insert into tenants.oidc_start (tenant_id, secret_hash, issuer, redirect_uri, ends_at)
values (:tenant_id, :secret_hash, :issuer, :redirect_uri, :ends_at);

-- name: use_start(tenant_id, secret_hash, now)^
-- Used up, if the provider is still the one it began with.
with used as (
  delete from tenants.oidc_start where tenant_id = :tenant_id and secret_hash = :secret_hash
  returning tenant_id, issuer, redirect_uri, ends_at
)
select u.issuer, u.redirect_uri, p.client, p.secret_box, p.claim
  from used u join tenants.oidc p on p.tenant_id = u.tenant_id and p.issuer = u.issuer
 where p.tenant_id = :tenant_id and p.enabled and u.ends_at > :now;

-- name: forget_starts(tenant_id, now)!
delete from tenants.oidc_start where tenant_id = :tenant_id and ends_at <= :now;
