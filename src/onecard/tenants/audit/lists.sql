-- name: entries(tenant_id, search)
-- :search is how the subject, or what follows its first word, begins (86729001 or 张三 of 86729001 张三).
-- Plain comparisons of plain columns: row security lets only these use an index.
select number, at, actor, origin, function, area, thing, subject, before, after, note
  from audit.entry
 where tenant_id = :tenant_id
   and (:search::text is null
        or (subject_start >= lower(:search) and subject_start < lower(:search) || U&'\+10FFFF')
        or (subject_rest >= lower(:search) and subject_rest < lower(:search) || U&'\+10FFFF'));

-- name: newest(tenant_id)$
select number from audit.head where tenant_id = :tenant_id;

-- name: actors(tenant_id)
-- One step of the index for each actor, however many entries there are.
with recursive named (actor) as (
  (select actor from audit.entry where tenant_id = :tenant_id order by actor limit 1)
  union all
  select (select e.actor from audit.entry e
           where e.tenant_id = :tenant_id and e.actor > n.actor order by e.actor limit 1)
    from named n where n.actor is not null)
select actor from named where actor is not null;
