-- The only way into the audit. It runs as onecard_audit, which nobody signs in as; the application may call
-- it and read the tables, and nothing else. Tenant, actor and origin come from the transaction's settings.

-- One field of an entry's canonical text: its length in bytes, a colon, the text; a dash for none. So no two
-- different entries have the same text.
create or replace function audit.part(a_text text) returns text language sql immutable as $$
  select coalesce(octet_length(a_text) || ':' || a_text, '-')
$$;

-- Appends entries, one for each element of the arrays, and returns the number of the last. The head row stays
-- locked until the transaction ends, which makes numbers gapless; hash = sha256(hash before || canonical
-- text).
create or replace function audit.write(
  a_tenant bigint, a_function text[], a_thing text[], a_subject text[], a_before text[], a_after text[],
  a_note text[]
) returns bigint language plpgsql security definer set search_path = pg_catalog as $$
declare
  actor text := current_setting('onecard.actor', true);
  origin text := coalesce(current_setting('onecard.origin', true), '');
  base bigint; chain bytea; hashes bytea[] := '{}'; entry text; now_at timestamptz; micros text;
  n int := cardinality(a_function);
begin
  if a_tenant is distinct from nullif(current_setting('onecard.tenant', true), '')::bigint then
    raise exception 'entries can be written only for the transaction''s own tenant' using errcode = '42501';
  end if;
  if n <> all (array[cardinality(a_thing), cardinality(a_subject), cardinality(a_before),
                     cardinality(a_after), cardinality(a_note)]) then
    raise exception 'the arrays differ in length' using errcode = '22023';
  end if;

  insert into audit.head (tenant_id, number, hash, at) values (a_tenant, 0, '', clock_timestamp())
  on conflict (tenant_id) do nothing;
  select h.number, h.hash into base, chain from audit.head h where h.tenant_id = a_tenant for update;
  now_at := clock_timestamp();
  micros := (extract(epoch from now_at) * 1000000)::bigint::text;

  for entry in
    select audit.part(a_tenant::text) || audit.part((base + e.i)::text) || audit.part(micros)
           || audit.part(actor) || audit.part(origin) || audit.part(e.function) || audit.part(e.thing)
           || audit.part(e.subject) || audit.part(e.before) || audit.part(e.after) || audit.part(e.note)
      from unnest(a_function, a_thing, a_subject, a_before, a_after, a_note) with ordinality
           as e (function, thing, subject, before, after, note, i)
     order by e.i
  loop
    chain := sha256(chain || convert_to(entry, 'UTF8'));
    hashes := array_append(hashes, chain);
  end loop;

  insert into audit.entry (tenant_id, number, at, actor, origin, function, thing, subject, before, after,
         note, hash)
  select a_tenant, base + e.i, now_at, actor, origin, e.function, e.thing, e.subject, e.before::json,
         e.after::json, e.note, e.hash
    from unnest(a_function, a_thing, a_subject, a_before, a_after, a_note, hashes) with ordinality
         as e (function, thing, subject, before, after, note, hash, i);
  update audit.head set number = base + n, hash = chain, at = now_at where tenant_id = a_tenant;
  return base + n;
end $$;

-- rights: see the head of this file; handed over last, because the owner alone may grant
do $$
declare f regprocedure;
begin
  for f in select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where n.nspname = 'audit' loop
    execute format('revoke all on function %s from public', f);
    if f::text like 'audit.write(%' then
      execute format('grant execute on function %s to onecard_app', f);
    end if;
    execute format('alter function %s owner to onecard_audit', f);
  end loop;
end $$;
