-- name: departments(tenant_id, search, departments)
-- The tree in its own order, each node with its people who have not left, alone and with everything below.
-- `search`: part of a name or start of a code; `departments`: what the caller may see, null: everything.
with recursive tree as (
  select d.tenant_id, d.id, d.code, d.name, d.parent_id, d.position, 0 as depth,
         d.name as path, array[d.id] as line, array[lpad(d.position::text, 6, '0') || d.name] as place
    from people.department d
   where d.tenant_id = :tenant_id and d.parent_id is null
  union all
  select c.tenant_id, c.id, c.code, c.name, c.parent_id, c.position, t.depth + 1,
         t.path || '/' || c.name, t.line || c.id, t.place || (lpad(c.position::text, 6, '0') || c.name)
    from people.department c
    join tree t on t.tenant_id = c.tenant_id and t.id = c.parent_id
   where c.tenant_id = :tenant_id
), heads as (
  select p.department_id, count(*) as people
    from people.person p
   where p.tenant_id = :tenant_id and p.state <> 'left'
   group by p.department_id
), sums as (
  select above.id, sum(h.people) as people
    from tree t
    join heads h on h.department_id = t.id
   cross join lateral unnest(t.line) as above (id)
   group by above.id
)
select t.id, t.code, t.name, t.depth, t.path, t.parent_id,
       row_number() over (order by t.place) as place,
       coalesce(h.people, 0)::bigint as people, coalesce(s.people, 0)::bigint as people_below
  from tree t
  left join heads h on h.department_id = t.id
  left join sums s on s.id = t.id
 where (:departments::bigint[] is null or t.id = any (:departments::bigint[]))
   and (strpos(lower(t.name), lower(coalesce(:search::text, ''))) > 0
        or starts_with(t.code, coalesce(:search::text, '')));

-- name: classes(tenant_id, search)
-- Account classes with the people who have not left; `search`: part of a name or start of a number.
select c.id, c.number, c.name, c.card_fee_fen, c.deposit_fen, c.floor_fen, c.transaction_limit_fen,
       c.meal_limit_fen, c.meal_limit_count, c.day_limit_fen, c.day_limit_count, c.overdraft_fen,
       c.pin_above_fen, c.valid_days, c.valid_until, c.cards_most, c.version,
       (select count(*) from people.person p
         where p.tenant_id = :tenant_id and p.class_id = c.id
           and p.state <> 'left') as people
  from people.account_class c
 where c.tenant_id = :tenant_id
   and (strpos(lower(c.name), lower(coalesce(:search::text, ''))) > 0
        or starts_with(c.number::text, coalesce(:search::text, '')));

-- name: fields(tenant_id, search)
-- Custom fields in their order; `search`: part of a name.
select f.id, f.name, f.kind, array_to_string(f.choices, '、') as choices, f.required, f.position
  from people.field f
 where f.tenant_id = :tenant_id
   and strpos(lower(f.name), lower(coalesce(:search::text, ''))) > 0;
