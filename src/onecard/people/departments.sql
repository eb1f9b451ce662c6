-- name: departments(tenant_id)
select id, code, name, parent_id, position from people.department where tenant_id = :tenant_id
 order by position, name;

-- name: heads(tenant_id)
-- How many people who have not left each department has, without those below it.
select department_id, count(*) as people
  from people.person where tenant_id = :tenant_id and state in ('active', 'suspended')
 group by department_id;

-- name: subtree(tenant_id, id)
with recursive below as (
  select d.id from people.department d where d.tenant_id = :tenant_id and d.id = :id
  union all
  select c.id from below b
    join people.department c on c.tenant_id = :tenant_id and c.parent_id = b.id)
select id from below;

-- name: lock_tree(tenant_id)$
-- The root's row stands for the whole tree: two moves at once could make a circle.
select id from people.department where tenant_id = :tenant_id and parent_id is null for no key update;

-- name: insert_department(tenant_id, code, name, parent_id, position)$
insert into people.department (tenant_id, code, name, parent_id, position)
values (:tenant_id, :code, :name, :parent_id, :position) returning id;

-- name: change_department(tenant_id, id, code, name, position)$
update people.department set code = :code, name = :name, position = :position
 where tenant_id = :tenant_id and id = :id returning id;

-- name: move_department(tenant_id, id, parent_id, position)$
update people.department set parent_id = :parent_id, position = coalesce(:position, position)
 where tenant_id = :tenant_id and id = :id returning id;

-- name: department_contents(tenant_id, id)^
-- What keeps a department from being deleted.
select (select name from people.department where tenant_id = :tenant_id and id = :id) as name,
       (select count(*) from people.department where tenant_id = :tenant_id and parent_id = :id)
         as departments,
       (select count(*) from people.person
         where tenant_id = :tenant_id and department_id = :id and state <> 'left') as people,
       (select count(*) from people.person
         where tenant_id = :tenant_id and department_id = :id and state = 'left') as gone;

-- name: delete_department(tenant_id, id)!
delete from people.department where tenant_id = :tenant_id and id = :id;
