-- name: merchants(tenant_id)
select id, code, name, book_id, state from consumption.merchant where tenant_id = :tenant_id order by code;

-- name: insert_merchant(tenant_id, code, name, book_id)$
insert into consumption.merchant (tenant_id, code, name, book_id) values (:tenant_id, :code, :name, :book_id)
returning id;

-- name: set_merchant_state(tenant_id, code, state)$
update consumption.merchant set state = :state where tenant_id = :tenant_id and code = :code returning id;

-- name: meals(tenant_id)
select name, starts, ends, number from consumption.meal where tenant_id = :tenant_id order by number;

-- name: delete_meals(tenant_id)!
delete from consumption.meal where tenant_id = :tenant_id;

-- name: insert_meals(tenant_id, numbers, names, starts, ends)!
insert into consumption.meal (tenant_id, number, name, starts, ends)
select :tenant_id, w.number, w.name, w.starts, w.ends
  from unnest(:numbers::smallint[], :names::text[], :starts::time[], :ends::time[])
       w (number, name, starts, ends);

-- name: check_meals()!
-- Account classes name meals; what they name must be there again now.
set constraints all immediate;
