-- name: insert(tenant_id, kind, account_id, card_id, uid, life, clerk, amount_fen, words, follows, lease_s)^
-- life: generation and key version; clerk: desk, actor, reason; words: before and after.
insert into desk.operation
       (tenant_id, kind, state, account_id, card_id, uid, generation, key_version, desk, actor, reason,
        amount_fen, before, after, follows, lease_until)
values (:tenant_id, :kind, 'prepared', :account_id, :card_id, :uid, (:life::smallint[])[1],
        (:life::smallint[])[2], (:clerk::text[])[1], (:clerk::text[])[2], (:clerk::text[])[3], :amount_fen,
        (:words::jsonb[])[1], (:words::jsonb[])[2], :follows, now() + make_interval(secs => :lease_s))
returning id, lease_until, created_at;

-- name: insert_parts(tenant_id, operation_id, kinds, bodies, moneys)!
insert into desk.part (tenant_id, operation_id, n, kind, body, has_money)
select :tenant_id, :operation_id, w.n - 1, w.kind, w.body, w.has_money
  from unnest(:kinds::text[], :bodies::jsonb[], :moneys::boolean[])
       with ordinality w (kind, body, has_money, n);

-- name: operation(tenant_id, id)^
select id, kind, state, account_id, card_id, uid, generation, key_version, desk, actor, reason, amount_fen,
       before, after, follows, trouble, lease_until, created_at
  from desk.operation where tenant_id = :tenant_id and id = :id;

-- name: parts(tenant_id, operation_id)
select n, state, body from desk.part
 where tenant_id = :tenant_id and operation_id = :operation_id order by n;

-- name: open_of(tenant_id, uid, account_id, grace_s)
-- What is under way with the card or the account.
select id, kind, state, desk, lease_until > now() as is_leased, uid,
       lease_until < now() - make_interval(secs => :grace_s) as is_left_behind
  from desk.operation
 where tenant_id = :tenant_id
   and (uid = :uid and state in ('prepared', 'writing', 'in_doubt')
        or account_id = :account_id and state in ('prepared', 'writing'))
 order by id;

-- name: advance(tenant_id, id, before, state, lease_s, trouble)$
-- From one of the states `before`, with a new lease; null when it is in none of them any more.
update desk.operation
   set state = :state, trouble = :trouble, changed_at = now(),
       lease_until = now() + make_interval(secs => :lease_s)
 where tenant_id = :tenant_id and id = :id and state = any (:before::text[])
returning lease_until;

-- name: set_amount(tenant_id, id, amount_fen)!
update desk.operation set amount_fen = :amount_fen where tenant_id = :tenant_id and id = :id;

-- name: set_card(tenant_id, id, card_id)!
update desk.operation set card_id = :card_id where tenant_id = :tenant_id and id = :id;

-- name: set_parts(tenant_id, operation_id, ns, states, posting_keys)!
update desk.part p set state = w.state, posting_key = w.posting_key
  from unnest(:ns::smallint[], :states::text[], :posting_keys::uuid[]) w (n, state, posting_key)
 where p.tenant_id = :tenant_id and p.operation_id = :operation_id and p.n = w.n;

-- name: posted(tenant_id, keys)
-- Which of these keys are postings.
select key from ledger.line
 where tenant_id = :tenant_id and key = any (:keys::uuid[]) and leg = 1;

-- name: stale(tenant_id, grace_s)
-- What a desk left behind: its lease is over, and so is the time its last postings had.
select id, state from desk.operation
 where tenant_id = :tenant_id and lease_until < now() - make_interval(secs => :grace_s)
   and (state in ('prepared', 'writing')
        or state = 'in_doubt'
           and not exists (select from desk.part p
                            where p.tenant_id = :tenant_id and p.operation_id = operation.id
                              and p.kind <> 'money'))
 order by id;

-- name: unresolved(tenant_id)
-- What waits for a card or for a person, oldest first.
select o.id, o.kind, o.state, o.account_id, o.uid, o.desk, o.actor, o.amount_fen, o.trouble,
       o.created_at, p.number as person_number, p.name as person_name
  from desk.operation o
  left join people.person p on p.tenant_id = o.tenant_id and p.id = o.account_id
 where o.tenant_id = :tenant_id and o.state in ('prepared', 'writing', 'in_doubt', 'broken')
 order by o.id;

-- name: latest(tenant_id, account_id, most)
-- The card operation list, newest first; of one account or of all.
select o.id, o.kind, o.state, o.account_id, o.card_id, o.uid, o.desk, o.actor, o.reason, o.amount_fen,
       o.created_at, o.changed_at, o.before, o.after, p.number as person_number, p.name as person_name
  from desk.operation o
  left join people.person p on p.tenant_id = o.tenant_id and p.id = o.account_id
 where o.tenant_id = :tenant_id and (:account_id::bigint is null or o.account_id = :account_id)
 order by o.id desc limit :most;

-- name: drawer(tenant_id, desk)$
select book_id from desk.drawer where tenant_id = :tenant_id and desk = :desk;

-- name: insert_drawer(tenant_id, desk, book_id)$
insert into desk.drawer (tenant_id, desk, book_id) values (:tenant_id, :desk, :book_id)
on conflict do nothing returning book_id;

-- name: loads(tenant_id, account_id)
-- Money that waits for the card of an account.
select id, role, cash_fen, subsidy_fen from desk.load
 where tenant_id = :tenant_id and account_id = :account_id and operation_id is null order by id;

-- name: insert_load(tenant_id, account_id, role, cash_fen, subsidy_fen, reason)!
insert into desk.load (tenant_id, account_id, role, cash_fen, subsidy_fen, reason)
values (:tenant_id, :account_id, :role, :cash_fen, :subsidy_fen, :reason);

-- name: take_loads(tenant_id, ids, operation_id)!
-- An operation takes loads along, or gives them back (null).
update desk.load set operation_id = :operation_id
 where tenant_id = :tenant_id and id = any (:ids::bigint[]);

-- name: waiting_loads(tenant_id)
-- Unclaimed loads of all accounts, oldest first.
select l.id, l.account_id, p.number as person_number, p.name as person_name, l.role, l.cash_fen,
       l.subsidy_fen, l.reason, l.created_at
  from desk.load l
  join people.person p on p.tenant_id = l.tenant_id and p.id = l.account_id
 where l.tenant_id = :tenant_id and l.operation_id is null order by l.id;

-- name: card_of_uid(tenant_id, uid)^
-- The life that lasts, else the latest.
select c.id as card_id, c.uid, c.technology, c.state, c.person_id, p.number as person_number,
       p.name as person_name, p.class_id, k.number as class_number, c.number, c.valid_until, c.generation,
       c.key_version, c.fee_fen, c.deposit_fen
  from cards.card c
  join people.person p on p.tenant_id = c.tenant_id and p.id = c.person_id
  join people.account_class k on k.tenant_id = p.tenant_id and k.id = p.class_id
 where c.tenant_id = :tenant_id and c.uid = :uid
 order by c.state in ('cancelled', 'returned', 'void'), c.id desc limit 1;

-- name: cards_of_person(tenant_id, person_id)
-- Lives that last, newest first.
select c.id as card_id, c.uid, c.technology, c.state, c.person_id, p.number as person_number,
       p.name as person_name, p.class_id, k.number as class_number, c.number, c.valid_until, c.generation,
       c.key_version, c.fee_fen, c.deposit_fen
  from cards.card c
  join people.person p on p.tenant_id = c.tenant_id and p.id = c.person_id
  join people.account_class k on k.tenant_id = p.tenant_id and k.id = p.class_id
 where c.tenant_id = :tenant_id and c.person_id = :person_id
   and c.state not in ('cancelled', 'returned', 'void')
 order by c.id desc;

-- name: known_purses(tenant_id, card_id)
select role, counter, desk_seq, cash_fen, subsidy_fen from cards.purse
 where tenant_id = :tenant_id and card_id = :card_id;

-- name: know_purses(tenant_id, card_id, roles, counters, desk_seqs, cashes, subsidies)!
insert into cards.purse (tenant_id, card_id, role, counter, desk_seq, cash_fen, subsidy_fen)
select :tenant_id, :card_id, w.role, w.counter, w.desk_seq, w.cash_fen, w.subsidy_fen
  from unnest(:roles::smallint[], :counters::int[], :desk_seqs::smallint[], :cashes::bigint[],
              :subsidies::bigint[]) w (role, counter, desk_seq, cash_fen, subsidy_fen)
on conflict (tenant_id, card_id, role) do update
   set counter = excluded.counter, desk_seq = excluded.desk_seq, cash_fen = excluded.cash_fen,
       subsidy_fen = excluded.subsidy_fen, seen_at = now();

-- name: change_card(tenant_id, card_id, state, valid_until, key_version, number)!
-- Null leaves a column as it is.
update cards.card
   set state = coalesce(:state, state), valid_until = coalesce(:valid_until, valid_until),
       key_version = coalesce(:key_version, key_version), number = coalesce(:number, number),
       changed_at = now()
 where tenant_id = :tenant_id and id = :card_id;

-- name: change_stock(tenant_id, uid, state)!
insert into cards.stock (tenant_id, uid, box, state) values (:tenant_id, :uid, '-', :state)
on conflict (tenant_id, uid) do update set state = excluded.state, changed_at = now();

-- name: change_class(tenant_id, person_id, class_id)!
update people.person set class_id = :class_id, version = version + 1, changed_at = now()
 where tenant_id = :tenant_id and id = :person_id;

-- name: is_elsewhere(tenant_id, uid)$
-- Whether another tenant of this installation knows the UID; says no more than that.
select exists (select from cards.route where uid = :uid and tenant_id <> :tenant_id);


-- name: prove_parts(tenant_id)^
-- Money moved with a part exactly when the part says so: its posting is there, of its operation; what was set
-- aside for it has come out; and no desk posted anything that no plan names.
with part as (
  select p.operation_id, p.n, p.state, p.posting_key, p.has_money, o.state as operation_state, k.*
    from desk.part p
    join desk.operation o on o.tenant_id = :tenant_id and o.id = p.operation_id
    cross join lateral jsonb_to_record(coalesce(p.body -> 'money' -> 'keys', '{}'))
          k (direct uuid, doubt uuid, settle uuid, undo uuid)
   where p.tenant_id = :tenant_id and p.has_money),
posting as (
  select distinct l.key, l.source_id as operation_id from ledger.line l
   where l.tenant_id = :tenant_id and l.source = 1),
bad as (
  select p.operation_id, p.n, 'is confirmed, but not by a posting of its own' as says from part p
   where p.state = 'confirmed' and not exists (
     select from posting q where q.key = p.posting_key and q.operation_id = p.operation_id
        and q.key in (p.direct, p.settle))
  union all
  select p.operation_id, p.n, 'is void, and its money moved' from part p
   where p.state = 'void' and exists (select from posting q where q.key in (p.direct, p.settle))
  union all
  select p.operation_id, p.n, 'is decided, and its money is still in suspense' from part p
   where p.state in ('confirmed', 'void') and exists (select from posting q where q.key = p.doubt)
     and not exists (select from posting q where q.key in (p.settle, p.undo))
  union all
  select p.operation_id, p.n, 'came out of suspense twice' from part p
   where exists (select from posting q where q.key = p.settle)
     and exists (select from posting q where q.key = p.undo)
  union all
  select p.operation_id, p.n, 'is open in an operation that has ended' from part p
   where p.operation_state in ('confirmed', 'void') and p.state in ('planned', 'in_doubt')
  union all
  select q.operation_id, 0, format('has the posting %s that no part of it names', q.key) from posting q
   where not exists (select from part p where p.operation_id = q.operation_id
                        and q.key in (p.direct, p.doubt, p.settle, p.undo)))
select (select count(*) from part) as checked,
       (select format('operation %s, part %s: %s', operation_id, n, says)
          from bad order by operation_id, n limit 1) as wrong;

-- name: person_state(tenant_id, person_id)$
select state from people.person where tenant_id = :tenant_id and id = :person_id;
