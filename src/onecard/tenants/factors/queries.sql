-- name: title(tenant_id, operator_id)$
select account || ' ' || name from tenants.operator where tenant_id = :tenant_id and id = :operator_id;

-- name: available(tenant_id, operator_id)^
select exists (select from tenants.totp t where t.tenant_id = :tenant_id and t.operator_id = :operator_id
                  and t.confirmed_at is not null) as totp,
       exists (select from tenants.passkey p
                where p.tenant_id = :tenant_id and p.operator_id = :operator_id) as passkey,
       exists (select from tenants.recovery_code r where r.tenant_id = :tenant_id
                  and r.operator_id = :operator_id and r.used_at is null) as recovery;

-- name: summary(tenant_id, operator_id)^
select (select t.confirmed_at from tenants.totp t
         where t.tenant_id = :tenant_id and t.operator_id = :operator_id) as totp_since,
       (select count(*)::int from tenants.recovery_code r where r.tenant_id = :tenant_id
           and r.operator_id = :operator_id and r.used_at is null) as recovery_left;

-- name: passkeys(tenant_id, operator_id)
select id, name, created_at, used_at from tenants.passkey
 where tenant_id = :tenant_id and operator_id = :operator_id order by id;

-- name: offer_totp(tenant_id, operator_id, secret_box, now)$
insert into tenants.totp as t (tenant_id, operator_id, secret_box, created_at)
values (:tenant_id, :operator_id, :secret_box, :now)
on conflict (tenant_id, operator_id) do update
   set secret_box = excluded.secret_box, created_at = excluded.created_at, last_step = 0
 where t.confirmed_at is null
returning operator_id;

-- name: totp(tenant_id, operator_id)^
select secret_box, confirmed_at from tenants.totp
 where tenant_id = :tenant_id and operator_id = :operator_id;

-- name: confirm_totp(tenant_id, operator_id, step, now)$
update tenants.totp set confirmed_at = :now, last_step = :step
 where tenant_id = :tenant_id and operator_id = :operator_id and confirmed_at is null and last_step < :step
returning operator_id;

-- name: use_step(tenant_id, operator_id, step)$
update tenants.totp set last_step = :step
 where tenant_id = :tenant_id and operator_id = :operator_id and last_step < :step returning operator_id;

-- name: remove_totp(tenant_id, operator_id)$
delete from tenants.totp where tenant_id = :tenant_id and operator_id = :operator_id returning operator_id;

-- name: use_recovery(tenant_id, operator_id, code_hash, now)$
update tenants.recovery_code set used_at = :now
 where tenant_id = :tenant_id and operator_id = :operator_id and code_hash = :code_hash and used_at is null
returning id;

-- name: forget_recovery(tenant_id, operator_id)!
delete from tenants.recovery_code where tenant_id = :tenant_id and operator_id = :operator_id;

-- name: insert_recovery(tenant_id, operator_id, hashes)!
insert into tenants.recovery_code (tenant_id, operator_id, code_hash)
select :tenant_id, :operator_id, hash from unnest(:hashes::bytea[]) as u (hash);

-- name: credentials(tenant_id, operator_id)
select credential from tenants.passkey
 where tenant_id = :tenant_id and operator_id = :operator_id order by id;

-- name: insert_passkey(tenant_id, operator_id, credential, public_key, sign_count, name, now)!
insert into tenants.passkey (tenant_id, operator_id, credential, public_key, sign_count, name, created_at)
values (:tenant_id, :operator_id, :credential, :public_key, :sign_count, :name, :now);

-- name: lock_passkey(tenant_id, operator_id, credential)^
select id, public_key, sign_count from tenants.passkey
 where tenant_id = :tenant_id and operator_id = :operator_id and credential = :credential for update;

-- name: note_use(tenant_id, id, sign_count, now)!
update tenants.passkey set sign_count = :sign_count, used_at = :now
 where tenant_id = :tenant_id and id = :id;

-- name: rename_passkey(tenant_id, operator_id, id, name)$
update tenants.passkey set name = :name
 where tenant_id = :tenant_id and operator_id = :operator_id and id = :id returning id;

-- name: remove_passkey(tenant_id, operator_id, id)$
delete from tenants.passkey
 where tenant_id = :tenant_id and operator_id = :operator_id and id = :id returning name;

-- name: remove_passkeys(tenant_id, operator_id)!
delete from tenants.passkey where tenant_id = :tenant_id and operator_id = :operator_id;

-- name: insert_challenge(tenant_id, operator_id, challenge, purpose, ends_at)!
insert into tenants.passkey_challenge (tenant_id, challenge, operator_id, purpose, ends_at)
values (:tenant_id, :challenge, :operator_id, :purpose, :ends_at);

-- name: use_challenge(tenant_id, operator_id, challenge, purpose, now)$
delete from tenants.passkey_challenge
 where tenant_id = :tenant_id and operator_id = :operator_id and challenge = :challenge
   and purpose = :purpose and ends_at > :now
returning operator_id;

-- name: forget_challenges(tenant_id, operator_id, now)!
delete from tenants.passkey_challenge
 where tenant_id = :tenant_id and operator_id = :operator_id and ends_at <= :now;
