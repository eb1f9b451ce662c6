-- name: candidate(tenant_id, person_id)^
-- Somebody who is to get a card. The row stays locked: two desks cannot both give the last one allowed.
select p.id as person_id, p.state, p.class_id
  from people.person p
 where p.tenant_id = :tenant_id and p.id = :person_id
   for no key update of p;

-- name: account_status(tenant_id, account_id)$
select status from ledger.account where tenant_id = :tenant_id and id = :account_id;

-- name: living_cards(tenant_id, person_id)$
select count(*) from cards.card
 where tenant_id = :tenant_id and person_id = :person_id and state not in ('cancelled', 'returned', 'void');

-- name: last_generation(tenant_id, uid)$
-- Of all lives this plastic ever had, whoever's they were; 0 when it had none.
select coalesce(max(generation), 0) from cards.card where tenant_id = :tenant_id and uid = :uid;

-- name: was_voided(tenant_id, uid)$
select exists (select from cards.card where tenant_id = :tenant_id and uid = :uid and state = 'void');

-- name: is_number_taken(tenant_id, number)$
select exists (
  select from cards.card
   where tenant_id = :tenant_id and number = :number and state not in ('cancelled', 'returned', 'void'));

-- name: lowest_free_number(tenant_id, most)$
-- Null when there is none up to `most`.
select min(w.number)
  from (select 1 as number
        union all
        select c.number + 1 from cards.card c
         where c.tenant_id = :tenant_id and c.number is not null
           and c.state not in ('cancelled', 'returned', 'void')) w
 where w.number <= :most
   and not exists (
     select from cards.card d
      where d.tenant_id = :tenant_id and d.number = w.number
        and d.state not in ('cancelled', 'returned', 'void'));

-- name: insert_life(tenant_id, uid, technology, person_id, number, valid_until, keys, pin, amounts)$
-- keys: generation and key version; amounts: fee and deposit.
insert into cards.card
       (tenant_id, uid, technology, person_id, state, number, valid_until, generation, key_version, pin,
        fee_fen, deposit_fen)
values (:tenant_id, :uid, :technology, :person_id, 'issuing', :number, :valid_until,
        (:keys::smallint[])[1], (:keys::smallint[])[2], :pin,
        (:amounts::bigint[])[1], (:amounts::bigint[])[2])
returning id;

-- name: insert_route(uid, tenant_id)!
insert into cards.route (uid, tenant_id) values (:uid, :tenant_id) on conflict do nothing;

-- name: mark_trouble(tenant_id, id, trouble)!
update desk.operation set trouble = :trouble, changed_at = now() where tenant_id = :tenant_id and id = :id;

-- name: first_waiting(tenant_id, departments, persons, aside)^
-- Of active persons of these departments, and these persons, who have no card: the first by number.
select p.id as person_id, p.number, p.name
  from people.person p
 where p.tenant_id = :tenant_id and p.state = 'active' and p.id <> all (:aside::bigint[])
   and (p.department_id = any (:departments::bigint[]) or p.id = any (:persons::bigint[]))
   and not exists (
     select from cards.card c
      where c.tenant_id = :tenant_id and c.person_id = p.id
        and c.state not in ('cancelled', 'returned', 'void'))
 order by p.number limit 1;

-- name: count_waiting(tenant_id, departments, persons, aside)$
-- Those, and those whose card was not written to its end; without who was put aside.
select count(*)
  from people.person p
 where p.tenant_id = :tenant_id and p.state = 'active' and p.id <> all (:aside::bigint[])
   and (p.department_id = any (:departments::bigint[]) or p.id = any (:persons::bigint[]))
   and not exists (
     select from cards.card c
      where c.tenant_id = :tenant_id and c.person_id = p.id
        and c.state not in ('issuing', 'cancelled', 'returned', 'void'));

-- name: stock(tenant_id, uid)^
-- What is known of a piece of plastic; `counted`: whether the tenant registers its stock at all.
select (select s.state from cards.stock s where s.tenant_id = :tenant_id and s.uid = :uid) as state,
       exists (select from cards.box b
                where b.tenant_id = :tenant_id and length(b.first_uid) = length(:uid)
                  and :uid::text collate "C" between b.first_uid and b.last_uid) as in_box,
       exists (select from cards.card c where c.tenant_id = :tenant_id and c.uid = :uid) as has_lived,
       exists (select from cards.box b where b.tenant_id = :tenant_id)
       or exists (select from cards.stock s where s.tenant_id = :tenant_id and s.box <> '-') as counted;

-- name: put_stock(tenant_id, uid, box, state)!
-- Null leaves the box as it is.
insert into cards.stock (tenant_id, uid, box, state)
values (:tenant_id, :uid, coalesce(:box, '-'), :state)
on conflict (tenant_id, uid) do update
   set state = excluded.state, box = coalesce(:box, stock.box), changed_at = now();

-- name: overlapping_box(tenant_id, first_uid, last_uid)$
select name from cards.box
 where tenant_id = :tenant_id and length(first_uid) = length(:first_uid)
   and first_uid collate "C" <= :last_uid and last_uid collate "C" >= :first_uid
 order by name limit 1;

-- name: insert_box(tenant_id, name, first_uid, last_uid)!
insert into cards.box (tenant_id, name, first_uid, last_uid)
values (:tenant_id, :name, :first_uid, :last_uid);

-- name: boxes(tenant_id)
-- With how many cards each has, and how many of them are in use or set aside.
select b.name, b.first_uid, b.last_uid,
       (select count(distinct c.uid) from cards.card c
         where c.tenant_id = :tenant_id and length(c.uid) = length(b.first_uid)
           and c.uid collate "C" between b.first_uid and b.last_uid
           and c.state not in ('cancelled', 'returned', 'void')) as used,
       (select count(*) from cards.stock s
         where s.tenant_id = :tenant_id and s.state <> 'good' and length(s.uid) = length(b.first_uid)
           and s.uid collate "C" between b.first_uid and b.last_uid) as bad
  from cards.box b where b.tenant_id = :tenant_id order by b.name;

-- name: count_stock(tenant_id)^
-- Plastic that stands outside of every box's range, and cards in use by whether anybody registered them.
with single as (
  select s.uid, s.state,
         exists (select from cards.box b
                  where b.tenant_id = :tenant_id and length(b.first_uid) = length(s.uid)
                    and s.uid collate "C" between b.first_uid and b.last_uid) as in_box
    from cards.stock s where s.tenant_id = :tenant_id),
living as (
  select c.uid, s.state, (s.uid is not null
         or exists (select from cards.box b
                     where b.tenant_id = :tenant_id and length(b.first_uid) = length(c.uid)
                       and c.uid collate "C" between b.first_uid and b.last_uid)) as registered
    from cards.card c
    left join cards.stock s on s.tenant_id = c.tenant_id and s.uid = c.uid
   where c.tenant_id = :tenant_id and c.state not in ('cancelled', 'returned', 'void'))
select (select count(*) from single where not in_box) as singles,
       (select count(*) from single where state = 'dead') as dead,
       (select count(*) from single where state = 'imitation') as imitation,
       (select count(*) from living where registered and coalesce(state, 'good') = 'good') as used,
       (select count(*) from living where not registered) as unknown;

-- name: latest_unknown(tenant_id, most, within)
-- Cards that terminals turned away and that are nobody's, newest first, each once.
with swipe as (
  select upper(replace(r.content->'cred'->>'v', ':', '')) as uid, r.device_id, r.occurred_at
    from devices.record r
   where r.tenant_id = :tenant_id and r.kind = 'deny' and r.content->'cred'->>'t' = 'uid'
   order by r.received_at desc limit :within),
latest as (
  select distinct on (s.uid) s.uid, s.device_id, s.occurred_at
    from swipe s
   where s.uid ~ '^([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$'
     and not exists (
       select from cards.card c
        where c.tenant_id = :tenant_id and c.uid = s.uid
          and c.state not in ('cancelled', 'returned', 'void'))
   order by s.uid, s.occurred_at desc)
select l.uid, l.occurred_at, d.sn, d.name, d.place
  from latest l
  join devices.device d on d.tenant_id = :tenant_id and d.id = l.device_id
 order by l.occurred_at desc limit :most;
