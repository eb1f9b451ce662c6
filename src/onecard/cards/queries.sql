-- name: resolve(tenant_id, uids)
-- Cards with their holders, for a whole batch of taps: of each UID the life that lasts, else the latest.
select distinct on (c.uid) c.id as card_id, c.uid, c.state, c.valid_until, c.person_id, p.name, p.class_id,
       p.state as person_state
  from cards.card c
  join people.person p on p.tenant_id = c.tenant_id and p.id = c.person_id
 where c.tenant_id = :tenant_id and c.uid = any (:uids::text[])
 order by c.uid, c.state in ('cancelled', 'returned', 'void'), c.id desc;

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
-- A UID without a life begins one; somebody else's or a lost one is left alone and so not returned here.
with living as (
  select uid, person_id, state from cards.card
   where tenant_id = :tenant_id and uid = any (:uids::text[])
     and state not in ('cancelled', 'returned', 'void')),
fresh as (
  insert into cards.card (tenant_id, uid, person_id)
  select :tenant_id, w.uid, w.person_id from unnest(:uids::text[], :persons::bigint[]) w (uid, person_id)
   where not exists (select from living l where l.uid = w.uid)
  on conflict do nothing returning uid)
select uid from fresh
union all
select l.uid from living l
  join unnest(:uids::text[], :persons::bigint[]) w (uid, person_id)
    on w.uid = l.uid and w.person_id = l.person_id
 where l.state = 'active';

-- name: active_uids(tenant_id)
select uid from cards.card where tenant_id = :tenant_id and state = 'active' order by id;

-- name: format(tenant_id)^
select technology, mode, size, first_sector, lift_groups, value_blocks, number_digits
  from cards.format where tenant_id = :tenant_id;

-- name: set_cards(tenant_id, technology, mode, size, first_sector, lift_groups, value_blocks, number_digits)!
-- What the tenant's cards are like.
insert into cards.format
  (tenant_id, technology, mode, size, first_sector, lift_groups, value_blocks, number_digits)
values (:tenant_id, :technology, :mode, :size, :first_sector, :lift_groups, :value_blocks, :number_digits)
on conflict (tenant_id) do update
   set technology = excluded.technology, mode = excluded.mode, size = excluded.size,
       first_sector = excluded.first_sector, lift_groups = excluded.lift_groups,
       value_blocks = excluded.value_blocks, number_digits = excluded.number_digits, changed_at = now();

-- name: has_keyed_cards(tenant_id)$
select exists (select from cards.card where tenant_id = :tenant_id and technology <> 'uid');

-- name: site(tenant_id)^
select site, pin from cards.site where tenant_id = :tenant_id;

-- name: insert_site(tenant_id, site, pin)!
insert into cards.site (tenant_id, site, pin) values (:tenant_id, :site, :pin);

-- name: set_pin(tenant_id, pin)$
update cards.site set pin = :pin, changed_at = now() where tenant_id = :tenant_id returning tenant_id;

-- name: key_sets(tenant_id)
-- Newest first: the likely version of a card that lies on a reader.
select version, wrapped_by, box from cards.key_set where tenant_id = :tenant_id order by version desc;

-- name: insert_key_set(tenant_id, version, wrapped_by, box)!
insert into cards.key_set (tenant_id, version, wrapped_by, box)
values (:tenant_id, :version, :wrapped_by, :box);

-- name: rewrap_key_set(tenant_id, version, wrapped_by, box)!
update cards.key_set set wrapped_by = :wrapped_by, box = :box
 where tenant_id = :tenant_id and version = :version;

-- name: insert_custody_event(tenant_id, actor, what, first_person, second_person, fingerprint)!
insert into cards.custody_event (tenant_id, actor, what, first_person, second_person, fingerprint)
values (:tenant_id, :actor, :what, :first_person, :second_person, :fingerprint);

-- name: custody_events(tenant_id)
select at, actor, what, first_person, second_person, fingerprint
  from cards.custody_event where tenant_id = :tenant_id order by id desc;

-- name: cards_of(tenant_id, person_id)
select id, uid, number, technology, state, valid_until, created_at as issued_at
  from cards.card where tenant_id = :tenant_id and person_id = :person_id
 order by id desc;
