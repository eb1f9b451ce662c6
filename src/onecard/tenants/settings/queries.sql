-- name: settings(tenant_id)^
select idle_minutes, absolute_minutes, second_factor, approvals, password_sign_in, photo_days, id_number_days,
       holder_language, receipt_footer
  from tenants.settings where tenant_id = :tenant_id;

-- name: save(tenant_id, settings)!
-- :settings is a JSON object with all of them.
insert into tenants.settings (tenant_id, idle_minutes, absolute_minutes, second_factor, approvals,
       password_sign_in, photo_days, id_number_days, holder_language, receipt_footer)
select :tenant_id, s.*
  from jsonb_to_record(:settings::text::jsonb) s (
       idle_minutes int, absolute_minutes int, second_factor text, approvals text[], password_sign_in boolean,
       photo_days int, id_number_days int, holder_language text, receipt_footer text)
on conflict (tenant_id) do update
   set idle_minutes = excluded.idle_minutes, absolute_minutes = excluded.absolute_minutes,
       second_factor = excluded.second_factor, approvals = excluded.approvals,
       password_sign_in = excluded.password_sign_in, photo_days = excluded.photo_days,
       id_number_days = excluded.id_number_days, holder_language = excluded.holder_language,
       receipt_footer = excluded.receipt_footer, changed_at = now();

-- name: logo(tenant_id)^
select png, width, height, digest from tenants.logo where tenant_id = :tenant_id;

-- name: logo_digest(tenant_id)$
select digest from tenants.logo where tenant_id = :tenant_id;

-- name: save_logo(tenant_id, png, width, height, digest)!
insert into tenants.logo (tenant_id, png, width, height, digest)
values (:tenant_id, :png, :width, :height, :digest)
on conflict (tenant_id) do update
   set png = excluded.png, width = excluded.width, height = excluded.height, digest = excluded.digest,
       changed_at = now();

-- name: remove_logo(tenant_id)!
delete from tenants.logo where tenant_id = :tenant_id;
