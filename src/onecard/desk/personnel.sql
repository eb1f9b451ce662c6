-- name: cards_in_use(tenant_id, persons)
select uid, number, generation from cards.card
 where tenant_id = :tenant_id and person_id = any (:persons::bigint[]) and state = 'active'
 order by uid;
