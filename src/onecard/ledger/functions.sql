-- Posting functions of the ledger. They run as onecard_ledger, which nobody signs in as; the writer's login
-- (onecard_engine) may call them and owns, reads and writes nothing else.

create or replace function ledger.take_lease(a_shard int, a_holder text, a_life_ms int)
returns table (epoch bigint, last_batch bigint)
language sql security definer set search_path = pg_catalog as $$
  update ledger.head h
     set epoch = h.epoch + 1, holder = a_holder, held_until = clock_timestamp() + a_life_ms * interval '1 ms'
   where h.shard = a_shard and (h.held_until < clock_timestamp() or h.holder = a_holder)
  returning h.epoch, h.last_batch
$$;

create or replace function ledger.renew_lease(a_shard int, a_epoch bigint, a_life_ms int)
returns boolean language sql security definer set search_path = pg_catalog as $$
  with renewed as (
    update ledger.head set held_until = clock_timestamp() + a_life_ms * interval '1 ms'
     where shard = a_shard and epoch = a_epoch returning 1)
  select exists (select from renewed)
$$;

create or replace function ledger.release_lease(a_shard int, a_epoch bigint)
returns void language sql security definer set search_path = pg_catalog as $$
  update ledger.head set held_until = '-infinity', holder = null where shard = a_shard and epoch = a_epoch
$$;

create or replace function ledger.load_accounts(a_tenant bigint[], a_account bigint[])
returns table (tenant_id bigint, account_id bigint, status text, id bigint, kind smallint, floor_fen bigint,
               balance_fen bigint, held_fen bigint, seq bigint, usage_period bigint, usage_day_fen bigint,
               usage_day_count int, usage_meal_fen bigint, usage_meal_count int)
language sql stable security definer set search_path = pg_catalog as $$
  select a.tenant_id, a.id, a.status, b.id, b.kind, b.floor_fen, b.balance_fen, b.held_fen, b.seq,
         b.usage_period, b.usage_day_fen, b.usage_day_count, b.usage_meal_fen, b.usage_meal_count
    from unnest(a_tenant, a_account) w (tenant_id, id)
    join ledger.account a on a.tenant_id = w.tenant_id and a.id = w.id
    join ledger.book b on b.tenant_id = a.tenant_id and b.account_id = a.id
$$;

-- the tenant's own books among those asked for (purses are not addressed by id)
create or replace function ledger.load_books(a_tenant bigint[], a_book bigint[])
returns table (tenant_id bigint, id bigint, kind smallint)
language sql stable security definer set search_path = pg_catalog as $$
  select b.tenant_id, b.id, b.kind
    from unnest(a_tenant, a_book) w (tenant_id, id)
    join ledger.book b on b.tenant_id = w.tenant_id and b.id = w.id and b.account_id is null
$$;

create or replace function ledger.suspense_books(a_tenant bigint[], a_kind smallint)
returns table (tenant_id bigint, id bigint)
language sql stable security definer set search_path = pg_catalog as $$
  select b.tenant_id, min(b.id) from ledger.book b
   where b.tenant_id = any (a_tenant) and b.kind = a_kind and b.account_id is null group by b.tenant_id
$$;

-- which of these keys were decided before; mostly none, so that the rest need not be asked
create or replace function ledger.known_keys(a_tenant bigint[], a_key uuid[])
returns table (tenant_id bigint, key uuid)
language sql stable security definer set search_path = pg_catalog as $$
  select w.tenant_id, w.key from unnest(a_tenant, a_key) w (tenant_id, key)
   where exists (select from ledger.line l where l.tenant_id = w.tenant_id and l.key = w.key)
      or exists (select from ledger.refusal r where r.tenant_id = w.tenant_id and r.key = w.key)
      or exists (select from ledger.hold h where h.tenant_id = w.tenant_id and h.key = w.key)
      or exists (select from ledger.hold h where h.tenant_id = w.tenant_id and h.closed_by = w.key)
      or exists (select from ledger.account_change c where c.tenant_id = w.tenant_id and c.key = w.key)
$$;

create or replace function ledger.recall_lines(a_tenant bigint[], a_key uuid[])
returns table (tenant_id bigint, key uuid, leg smallint, kind smallint, debit_book bigint, credit_book bigint,
               amount_fen bigint, debit_balance_fen bigint, credit_balance_fen bigint, fingerprint bigint,
               business_day int, meal smallint, debit_account bigint, debit_kind smallint,
               credit_account bigint, credit_kind smallint)
language sql stable security definer set search_path = pg_catalog as $$
  select l.tenant_id, l.key, l.leg, l.kind, l.debit_book, l.credit_book, l.amount_fen, l.debit_balance_fen,
         l.credit_balance_fen, l.fingerprint, l.business_day - date '2000-01-01', l.meal,
         d.account_id, d.kind, c.account_id, c.kind
    from unnest(a_tenant, a_key) w (tenant_id, key)
    join ledger.line l on l.tenant_id = w.tenant_id and l.key = w.key
    join ledger.book d on d.tenant_id = l.tenant_id and d.id = l.debit_book
    join ledger.book c on c.tenant_id = l.tenant_id and c.id = l.credit_book
   order by l.tenant_id, l.key, l.leg
$$;

create or replace function ledger.recall_refusals(a_tenant bigint[], a_key uuid[])
returns setof ledger.refusal language sql stable security definer set search_path = pg_catalog as $$
  select r.* from unnest(a_tenant, a_key) w (tenant_id, key)
    join ledger.refusal r on r.tenant_id = w.tenant_id and r.key = w.key
$$;

create or replace function ledger.recall_holds(a_tenant bigint[], a_key uuid[])
returns table (tenant_id bigint, key uuid, leg smallint, account_id bigint, book_id bigint, kind smallint,
               amount_fen bigint, state text, fingerprint bigint)
language sql stable security definer set search_path = pg_catalog as $$
  select h.tenant_id, h.key, h.leg, h.account_id, h.book_id, b.kind, h.amount_fen, h.state, h.fingerprint
    from unnest(a_tenant, a_key) w (tenant_id, key)
    join ledger.hold h on h.tenant_id = w.tenant_id and h.key = w.key
    join ledger.book b on b.tenant_id = h.tenant_id and b.id = h.book_id
   order by h.tenant_id, h.key, h.leg
$$;

-- releases are found by what they closed, changes of an account's state by themselves: neither leaves a line
create or replace function ledger.recall_closings(a_tenant bigint[], a_key uuid[])
returns table (tenant_id bigint, key uuid, hold_key uuid, fingerprint bigint)
language sql stable security definer set search_path = pg_catalog as $$
  select distinct h.tenant_id, h.closed_by, h.key, null::bigint
    from unnest(a_tenant, a_key) w (tenant_id, key)
    join ledger.hold h on h.tenant_id = w.tenant_id and h.closed_by = w.key
  union all
  select c.tenant_id, c.key, null, c.fingerprint
    from unnest(a_tenant, a_key) w (tenant_id, key)
    join ledger.account_change c on c.tenant_id = w.tenant_id and c.key = w.key
$$;

create or replace function ledger.recall_reversed(a_tenant bigint[], a_key uuid[])
returns table (tenant_id bigint, original_key uuid, number int, sum_after_fen bigint)
language sql stable security definer set search_path = pg_catalog as $$
  select distinct on (r.tenant_id, r.original_key) r.tenant_id, r.original_key, r.number, r.sum_after_fen
    from unnest(a_tenant, a_key) w (tenant_id, key)
    join ledger.reversal r on r.tenant_id = w.tenant_id and r.original_key = w.key
   order by r.tenant_id, r.original_key, r.number desc
$$;

create or replace function ledger.expired_holds(a_shard int, a_most int)
returns table (tenant_id bigint, key uuid)
language sql stable security definer set search_path = pg_catalog as $$
  select distinct h.tenant_id, h.key from ledger.hold h
    join tenants.route r on r.tenant_id = h.tenant_id and r.shard = a_shard
   where h.state = 'open' and h.expires_at < clock_timestamp() limit a_most
$$;

create or replace function ledger.chain(a_shard int, a_after bigint, a_most int)
returns table (id bigint, lines int, digest bytea, hash bytea)
language sql stable security definer set search_path = pg_catalog as $$
  select b.id, b.lines, b.digest, b.hash from ledger.batch b
   where b.shard = a_shard and b.id > a_after order by b.id limit a_most
$$;

create or replace function ledger.chain_head(a_shard int)
returns table (last_batch bigint, hash bytea)
language sql stable security definer set search_path = pg_catalog as $$
  select h.last_batch, h.hash from ledger.head h where h.shard = a_shard
$$;

-- lines of batches in chain order, for the verifier; all tenants of the shard, so only the writer's login may
-- call it
create or replace function ledger.chained_lines(a_shard int, a_after bigint, a_upto bigint)
returns table (batch bigint, tenant_id bigint, key uuid, leg smallint, kind smallint, debit_book bigint,
               credit_book bigint, amount_fen bigint, debit_seq bigint, debit_balance_fen bigint,
               credit_seq bigint, credit_balance_fen bigint, business_day int, meal smallint,
               occurred_at_us bigint, source smallint,
               source_id bigint, card_id bigint, fingerprint bigint)
language sql stable security definer set search_path = pg_catalog as $$
  select l.batch, l.tenant_id, l.key, l.leg, l.kind, l.debit_book, l.credit_book, l.amount_fen, l.debit_seq,
         l.debit_balance_fen, l.credit_seq, l.credit_balance_fen, l.business_day - date '2000-01-01', l.meal,
         (extract(epoch from l.occurred_at) * 1000000)::bigint, l.source, l.source_id, l.card_id,
         l.fingerprint
    from ledger.line l join tenants.route r on r.tenant_id = l.tenant_id and r.shard = a_shard
   where l.batch > a_after and l.batch <= a_upto
   order by l.batch, l.position
$$;

-- New accounts and books start at zero. The application calls these inside its tenant's transaction; the
-- tenant named must be the transaction's own.
create or replace function ledger.open_accounts(a_tenant bigint, a_ids bigint[])
returns int language plpgsql security definer set search_path = pg_catalog as $$
declare n int;
begin
  if a_tenant is distinct from nullif(current_setting('onecard.tenant', true), '')::bigint then
    raise exception 'accounts can be opened only for the transaction''s own tenant' using errcode = '42501';
  end if;
  insert into ledger.account (tenant_id, id) select a_tenant, x from unnest(a_ids) x
  on conflict (tenant_id, id) do nothing;
  get diagnostics n = row_count;
  insert into ledger.book (tenant_id, account_id, kind, floor_fen)
  select a_tenant, x, k, case when k < 5 then 0 end   -- purses never go below zero; the shortfall (5) does
    from unnest(a_ids) x cross join generate_series(1, 5) k
   where not exists (
     select from ledger.book b where b.tenant_id = a_tenant and b.account_id = x and b.kind = k);
  return n;
end $$;

create or replace function ledger.open_book(a_tenant bigint, a_kind smallint)
returns bigint language plpgsql security definer set search_path = pg_catalog as $$
declare n bigint;
begin
  if a_tenant is distinct from nullif(current_setting('onecard.tenant', true), '')::bigint then
    raise exception 'books can be opened only for the transaction''s own tenant' using errcode = '42501';
  end if;
  if a_kind < 10 then
    raise exception 'purses are opened with their account' using errcode = '22023';
  end if;
  insert into ledger.book (tenant_id, kind) values (a_tenant, a_kind) returning id into n;
  return n;
end $$;

-- One batch: fenced by the epoch, numbered and chained under the head row's lock, compared and set on every
-- guarded book, balanced per tenant, durable when it returns. Errors: 55000 lease lost, 40001 stale cache,
-- 23505 known key.
create or replace function ledger.commit_batch(
  a_shard int, a_epoch bigint, a_life_ms int, a_digest bytea, a_tenants ledger.bigints,
  x_tenant ledger.bigints, x_key ledger.uuids, x_leg ledger.bigints, x_kind ledger.bigints,
  x_debit ledger.bigints, x_credit ledger.bigints, x_amount ledger.bigints,
  x_debit_seq ledger.bigints, x_debit_balance ledger.bigints,
  x_credit_seq ledger.bigints, x_credit_balance ledger.bigints, x_day ledger.bigints, x_meal ledger.bigints,
  x_at ledger.bigints, x_source ledger.bigints, x_source_id ledger.bigints, x_card ledger.bigints,
  x_fingerprint ledger.bigints,
  g_tenant ledger.bigints, g_id ledger.bigints, g_old ledger.bigints, g_seq ledger.bigints,
  g_balance ledger.bigints,
  g_held ledger.bigints, g_period ledger.bigints, g_day_fen ledger.bigints, g_day_count ledger.bigints,
  g_meal_fen ledger.bigints, g_meal_count ledger.bigints,
  u_tenant ledger.bigints, u_id ledger.bigints, u_delta ledger.bigints,
  a_rest jsonb
) returns bigint language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
  batch_id bigint; chain bytea; now_at timestamptz := clock_timestamp();
  n_guarded int; n_own int; gained numeric; gained_by_tenant numeric;
begin
  update ledger.head set last_batch = last_batch + 1, hash = sha256(hash || a_digest),
         held_until = now_at + a_life_ms * interval '1 ms'
   where shard = a_shard and epoch = a_epoch
  returning last_batch, hash into batch_id, chain;
  if not found then raise exception 'lease lost' using errcode = '55000'; end if;

  if not (x_tenant <@ a_tenants and g_tenant <@ a_tenants and u_tenant <@ a_tenants) then
    raise exception 'a tenant that the batch does not name' using errcode = '42501';
  end if;

  -- Elements are taken by number: unnest() of some thirty columns would cost as much as all the rest.
  -- What the books gain and lose must come to nothing, also when each change is weighted by its tenant:
  -- within one tenant nothing can be made or lost, and between two nothing can slip across.
  with guarded as (
    update ledger.book b
       set balance_fen = g_balance[i], held_fen = g_held[i], seq = g_seq[i], usage_period = g_period[i],
           usage_day_fen = g_day_fen[i], usage_day_count = g_day_count[i], usage_meal_fen = g_meal_fen[i],
           usage_meal_count = g_meal_count[i]
      from generate_series(1, cardinality(g_id)) i
     where b.tenant_id = g_tenant[i] and b.id = g_id[i] and b.seq = g_old[i] and b.account_id is not null
    returning b.tenant_id t, new.balance_fen - old.balance_fen d),
  own as (
    update ledger.book b set balance_fen = b.balance_fen + u_delta[i], seq = b.seq + 1
      from generate_series(1, cardinality(u_id)) i
     where b.tenant_id = u_tenant[i] and b.id = u_id[i] and b.account_id is null
    returning b.tenant_id t, new.balance_fen - old.balance_fen d)
  select count(*) filter (where is_guarded), count(*) filter (where not is_guarded), sum(d),
         sum(d * t::numeric)
    into n_guarded, n_own, gained, gained_by_tenant
    from (select true is_guarded, t, d from guarded union all select false, t, d from own) m;
  if n_guarded <> cardinality(g_id) then raise exception 'stale' using errcode = '40001'; end if;
  if n_own <> cardinality(u_id) then
    raise exception 'unknown or guarded book' using errcode = '23503';
  end if;
  if gained <> 0 or gained_by_tenant <> 0 then
    raise exception 'unbalanced batch' using errcode = '23514';
  end if;

  -- a zero stands for "none": guarded books count their changes from 1, cards too
  insert into ledger.line (tenant_id, key, leg, batch, position, kind, debit_book, credit_book, amount_fen,
         debit_seq, debit_balance_fen, credit_seq, credit_balance_fen, business_day, meal, occurred_at,
         source, source_id, card_id, fingerprint)
  select x_tenant[i], x_key[i], x_leg[i], batch_id, i, x_kind[i], x_debit[i], x_credit[i], x_amount[i],
         nullif(x_debit_seq[i], 0), case when x_debit_seq[i] <> 0 then x_debit_balance[i] end,
         nullif(x_credit_seq[i], 0), case when x_credit_seq[i] <> 0 then x_credit_balance[i] end,
         date '2000-01-01' + x_day[i]::int, x_meal[i], to_timestamp(x_at[i] / 1000000.0), x_source[i],
         x_source_id[i], nullif(x_card[i], 0), x_fingerprint[i]
    from generate_series(1, cardinality(x_key)) i;

  insert into ledger.batch (shard, id, epoch, lines, digest, hash, at)
  select a_shard, batch_id, a_epoch, cardinality(x_key), a_digest, chain, now_at
   where cardinality(a_tenants)
         = (select count(*) from tenants.route r where r.tenant_id = any (a_tenants) and r.shard = a_shard);
  if not found then raise exception 'a tenant of another shard' using errcode = '42501'; end if;
  if a_rest is not null then perform ledger.commit_rest(batch_id, a_tenants, a_rest); end if;
  return batch_id;
end $$;

-- the rarer part of a batch: refusals, corrections, holds, account states
create or replace function ledger.commit_rest(a_batch bigint, a_tenants bigint[], a_rest jsonb)
returns void language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare n int;
begin
  if exists (select from jsonb_each(a_rest) part, jsonb_array_elements(part.value) written
              where (written ->> 'tenant_id')::bigint <> all (a_tenants)) then
    raise exception 'a tenant that the batch does not name' using errcode = '42501';
  end if;

  if a_rest ? 'refusals' then
    insert into ledger.refusal (tenant_id, key, fingerprint, status, account_id, needed_fen, available_fen,
           limit_value, used_value, batch)
    select tenant_id, key, fingerprint, status, account_id, needed_fen, available_fen, limit_value,
           used_value, a_batch
      from jsonb_to_recordset(a_rest -> 'refusals') w (
           tenant_id bigint, key uuid, fingerprint bigint, status smallint,
           account_id bigint, needed_fen bigint, available_fen bigint, limit_value bigint, used_value bigint);
  end if;

  if a_rest ? 'memos' then
    insert into ledger.memo (tenant_id, key, memo)
    select tenant_id, key, memo
      from jsonb_to_recordset(a_rest -> 'memos') w (tenant_id bigint, key uuid, memo text);
  end if;

  if a_rest ? 'reversals' then
    insert into ledger.reversal (tenant_id, original_key, number, key, amount_fen, sum_after_fen,
           original_fen, batch)
    select tenant_id, original_key, number, key, amount_fen, sum_after_fen, original_fen, a_batch
      from jsonb_to_recordset(a_rest -> 'reversals') w (
           tenant_id bigint, original_key uuid, number int, key uuid, amount_fen bigint, sum_after_fen bigint,
           original_fen bigint);
  end if;

  if a_rest ? 'holds' then
    insert into ledger.hold (tenant_id, key, leg, account_id, book_id, amount_fen, expires_at, fingerprint,
           batch)
    select tenant_id, key, leg, account_id, book_id, amount_fen, to_timestamp(expires_at_us / 1000000.0),
           fingerprint, a_batch
      from jsonb_to_recordset(a_rest -> 'holds') w (
           tenant_id bigint, key uuid, leg smallint, account_id bigint, book_id bigint, amount_fen bigint,
           expires_at_us bigint, fingerprint bigint);
  end if;

  if a_rest ? 'closings' then
    with closed as (
      update ledger.hold h set state = w.state, closed_by = w.closed_by
        from jsonb_to_recordset(a_rest -> 'closings') w (
             tenant_id bigint, key uuid, state text, closed_by uuid)
       where h.tenant_id = w.tenant_id and h.key = w.key and h.state = 'open'
      returning h.tenant_id, h.key)
    select count(distinct (tenant_id, key)) into n from closed;
    if n <> coalesce(jsonb_array_length(a_rest -> 'closings'), 0) then
      raise exception 'stale hold' using errcode = '40001';
    end if;
  end if;

  if a_rest ? 'changes' then
    insert into ledger.account_change (tenant_id, key, account_id, status, fingerprint, batch)
    select tenant_id, key, account_id, status, fingerprint, a_batch
      from jsonb_to_recordset(a_rest -> 'changes') w (
           tenant_id bigint, key uuid, account_id bigint, status text, fingerprint bigint);
  end if;

  if a_rest ? 'statuses' then
    with changed as (
      update ledger.account a set status = w.status
        from jsonb_to_recordset(a_rest -> 'statuses') w (tenant_id bigint, id bigint, status text)
       where a.tenant_id = w.tenant_id and a.id = w.id
      returning 1)
    select count(*) into n from changed;
    if n <> coalesce(jsonb_array_length(a_rest -> 'statuses'), 0) then
      raise exception 'unknown account' using errcode = '23503';
    end if;
  end if;
end $$;

-- rights: see the head of this file; handed over last, because the owner alone may grant
do $$
declare f record; caller text;
begin
  for f in select p.oid::regprocedure id, p.proname name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'ledger' loop
    caller := case when f.name in ('open_accounts', 'open_book') then 'onecard_app' else 'onecard_engine' end;
    execute format('revoke all on function %s from public', f.id);
    execute format('grant execute on function %s to %I', f.id, caller);
    execute format('alter function %s owner to onecard_ledger', f.id);
  end loop;
end $$;
