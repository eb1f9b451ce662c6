-- name: fields(tenant_id)
select id, name, kind, choices, required, position from people.field where tenant_id = :tenant_id
 order by position, name;

-- name: insert_field(tenant_id, name, kind, choices, required, position)$
insert into people.field (tenant_id, name, kind, choices, required, position)
values (:tenant_id, :name, :kind, :choices, :required, :position) returning id;

-- name: change_field(tenant_id, id, name, choices, required, position)!
update people.field set name = :name, choices = :choices, required = :required, position = :position
 where tenant_id = :tenant_id and id = :id;

-- name: count_values(tenant_id, field, values)$
-- People who have something in a field, or one of these values when they are given.
select count(*) from people.person
 where tenant_id = :tenant_id and custom ? :field
   and (:values::text[] is null or custom ->> :field = any (:values::text[]));

-- name: empty_field(tenant_id, field)!
update people.person set custom = custom - :field::text, version = version + 1, changed_at = now()
 where tenant_id = :tenant_id and custom ? :field::text;

-- name: delete_field(tenant_id, id)!
delete from people.field where tenant_id = :tenant_id and id = :id;
