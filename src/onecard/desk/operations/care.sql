-- name: card(tenant_id, card_id)^
select c.id as card_id, c.uid, c.technology, c.state, c.person_id, p.number as person_number,
       p.name as person_name, p.class_id, k.number as class_number, c.number, c.valid_until, c.generation,
       c.key_version, c.fee_fen, c.deposit_fen
  from cards.card c
  join people.person p on p.tenant_id = c.tenant_id and p.id = c.person_id
  join people.account_class k on k.tenant_id = p.tenant_id and k.id = p.class_id
 where c.tenant_id = :tenant_id and c.id = :card_id;

-- name: class_(tenant_id, class_id)^
select number, cards_most from people.account_class where tenant_id = :tenant_id and id = :class_id;

-- name: others(tenant_id, person_id, card_id)
-- The holder's other cards that last, and what desks last knew to be on them; one row for each purse or none.
select c.id as card_id, w.role, coalesce(w.cash_fen, 0) as cash_fen, coalesce(w.subsidy_fen, 0) as subsidy_fen
  from cards.card c
  left join cards.purse w on w.tenant_id = c.tenant_id and w.card_id = c.id
 where c.tenant_id = :tenant_id and c.person_id = :person_id and c.id <> :card_id
   and c.state not in ('cancelled', 'returned', 'void');

-- name: of_card(tenant_id, card_id, kinds)
-- Operations of some kinds on one life of a card, oldest first.
select id, state, follows, before, desk, actor, reason, created_at from desk.operation
 where tenant_id = :tenant_id and card_id = :card_id and kind = any (:kinds::text[])
 order by id;

-- name: undecided_of_card(tenant_id, card_id)
-- What only the card could tell, or could not.
select id from desk.operation
 where tenant_id = :tenant_id and card_id = :card_id and state in ('in_doubt', 'broken') order by id;

-- name: transfers(tenant_id)
-- Cards that were given up for new ones that are not there yet, oldest first.
select o.id, o.card_id, o.account_id, p.number as person_number, p.name as person_name, c.number, o.kind,
       o.reason, o.desk, o.actor, o.created_at
  from desk.operation o
  join cards.card c on c.tenant_id = o.tenant_id and c.id = o.card_id
  join people.person p on p.tenant_id = o.tenant_id and p.id = o.account_id
 where o.tenant_id = :tenant_id and o.kind in ('collect', 'reissue') and o.state = 'confirmed'
   and c.state = 'void'
   and not exists (
     select from desk.operation n
      where n.tenant_id = o.tenant_id and n.follows = o.id and n.state = 'confirmed')
   and not exists (
     select from desk.operation n
      where n.tenant_id = o.tenant_id and n.card_id = o.card_id and n.kind = o.kind and n.id > o.id
        and n.state = 'confirmed')
 order by o.id;

-- name: heir(tenant_id, follows)$
-- The UID of the card that has, or is getting, the place of the one an operation gave up.
select uid from desk.operation
 where tenant_id = :tenant_id and follows = :follows and kind = 'issue' and state <> 'void' limit 1;

-- name: inherit(tenant_id, operation_id, heir_id)!
-- What was paid for the card that an operation gave up for another.
update cards.card h
   set deposit_fen = c.deposit_fen, fee_fen = c.fee_fen, changed_at = now()
  from desk.operation o
  join cards.card c on c.tenant_id = o.tenant_id and c.id = o.card_id
 where h.tenant_id = :tenant_id and h.id = :heir_id and o.tenant_id = h.tenant_id and o.id = :operation_id
   and o.kind in ('collect', 'reissue');

-- name: reported(tenant_id, card_id, number, person_number, since, until)
-- Cards reported lost, latest report first; null leaves a question open.
select c.id as card_id, c.uid, c.number, p.number as person_number, p.name as person_name, o.reason, o.actor,
       o.created_at as reported_at
  from cards.card c
  join people.person p on p.tenant_id = c.tenant_id and p.id = c.person_id
  join lateral (
    select reason, actor, created_at from desk.operation n
     where n.tenant_id = c.tenant_id and n.card_id = c.id and n.kind = 'loss' and n.state = 'confirmed'
     order by n.id desc limit 1) o on true
 where c.tenant_id = :tenant_id and c.state = 'lost'
   and (:card_id::bigint is null or c.id = :card_id)
   and (:number::int is null or c.number = :number)
   and (:person_number::text is null or p.number = :person_number)
   and (:since::timestamptz is null or o.created_at >= :since)
   and (:until::timestamptz is null or o.created_at < :until)
 order by o.created_at desc;

-- name: holder(tenant_id, person_id)^
-- What decides the fate of a purse; the row is not locked.
select state, class_id from people.person where tenant_id = :tenant_id and id = :person_id;

-- name: account_status(tenant_id, account_id)$
select status from ledger.account where tenant_id = :tenant_id and id = :account_id;
