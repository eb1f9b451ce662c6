-- name: resolve(tenant_id, uids)
-- Cards with their holders, for a whole batch of taps.
select c.id as card_id, c.uid, c.state, c.person_id, p.name, p.class_id, p.state as person_state
  from cards.card c
  join people.person p on p.tenant_id = c.tenant_id and p.id = c.person_id
 where c.tenant_id = :tenant_id and c.uid = any (:uids::text[]);

-- name: bindings(tenant_id, uids, persons)
-- Cards with one of these UIDs, and the active cards of these persons.
select uid, person_id, state from cards.card where tenant_id = :tenant_id and uid = any (:uids::text[])
union
select uid, person_id, state from cards.card
 where tenant_id = :tenant_id and person_id = any (:persons::bigint[]) and state = 'active';

-- name: return_others(tenant_id, uids, persons)!
-- A person has one active card: the one before goes back to the drawer.
update cards.card c set state = 'returned', changed_at = now()
  from unnest(:uids::text[], :persons::bigint[]) w (uid, person_id)
 where c.tenant_id = :tenant_id and c.person_id = w.person_id and c.state = 'active' and c.uid <> w.uid;

-- name: bind(tenant_id, uids, persons)
-- A new UID, or one that was returned; somebody else's or a lost one is left alone and so not returned here.
insert into cards.card (tenant_id, uid, person_id)
select :tenant_id, w.uid, w.person_id from unnest(:uids::text[], :persons::bigint[]) w (uid, person_id)
on conflict (tenant_id, uid) do update
   set person_id = excluded.person_id, state = 'active', changed_at = now()
 where card.state = 'returned' or (card.state = 'active' and card.person_id = excluded.person_id)
returning uid;

-- name: active_uids(tenant_id)
select uid from cards.card where tenant_id = :tenant_id and state = 'active' order by id;
