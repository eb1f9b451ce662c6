-- name: operator(tenant_id, id, account)^
-- By id or by account; the other is null.
select o.id, o.account, o.name, o.department_id, d.name as department, o.all_departments, o.remark,
       o.may_sign_in_on_devices, o.may_top_up, o.ends_on,
       case when o.state = 'disabled' then 'disabled'
            when o.ends_on < (now() at time zone t.time_zone)::date then 'ended'
            else 'enabled' end as state,
       o.password_hash is not null as has_password, o.password_changed_at, o.password_set_by_other,
       o.language, o.time_zone, o.locked_until, o.signed_in_at, o.created_at
  from tenants.operator o
  join tenants.tenant t on t.tenant_id = o.tenant_id
  left join people.department d on d.tenant_id = o.tenant_id and d.id = o.department_id
 where o.tenant_id = :tenant_id and (o.id = :id::bigint or o.account = :account::text);

-- name: insert_operator(tenant_id, account, name, department_id, every, remark, devices, top_up, ends_on)$
insert into tenants.operator (tenant_id, account, name, department_id, all_departments, remark,
       may_sign_in_on_devices, may_top_up, ends_on)
values (:tenant_id, :account, :name, :department_id, :every, :remark, :devices, :top_up, :ends_on)
returning id;

-- name: update_operator(tenant_id, id, name, department_id, every, remark, devices, top_up, ends_on)!
update tenants.operator
   set name = :name, department_id = :department_id, all_departments = :every, remark = :remark,
       may_sign_in_on_devices = :devices, may_top_up = :top_up, ends_on = :ends_on, changed_at = now()
 where tenant_id = :tenant_id and id = :id;

-- name: set_state(tenant_id, id, state)!
update tenants.operator set state = :state, changed_at = now() where tenant_id = :tenant_id and id = :id;

-- name: set_locked(tenant_id, id, until)!
update tenants.operator set locked_until = :until where tenant_id = :tenant_id and id = :id;

-- name: set_signed_in(tenant_id, id)!
update tenants.operator set signed_in_at = now() where tenant_id = :tenant_id and id = :id;

-- name: set_preferences(tenant_id, id, language, time_zone)!
update tenants.operator set language = :language, time_zone = :time_zone, changed_at = now()
 where tenant_id = :tenant_id and id = :id;

-- name: password_hash(tenant_id, id)$
select password_hash from tenants.operator where tenant_id = :tenant_id and id = :id;

-- name: set_password(tenant_id, id, password_hash, by_other)!
-- Also ends a lock: whoever knows the new password did not guess it.
update tenants.operator
   set password_hash = :password_hash, password_set_by_other = :by_other, password_changed_at = now(),
       locked_until = null, changed_at = now()
 where tenant_id = :tenant_id and id = :id;

-- name: replace_hash(tenant_id, id, password_hash, outdated)!
-- The same password under newer parameters, unless it was changed meanwhile.
update tenants.operator set password_hash = :password_hash
 where tenant_id = :tenant_id and id = :id and password_hash = :outdated;

-- name: delete_authority(tenant_id, id)!
with roles as (
  delete from tenants.operator_role where tenant_id = :tenant_id and operator_id = :id)
delete from tenants.operator_grant where tenant_id = :tenant_id and operator_id = :id;

-- name: delete_operator(tenant_id, id)!
delete from tenants.operator where tenant_id = :tenant_id and id = :id;

-- name: any_operator(tenant_id)$
select exists (select from tenants.operator where tenant_id = :tenant_id);

-- name: department_name(tenant_id, id)$
select name from people.department where tenant_id = :tenant_id and id = :id;

-- name: authority(tenant_id, id)^
-- What is granted, and the departments from the operator's own down.
select o.state = 'enabled' and coalesce(o.ends_on >= (now() at time zone t.time_zone)::date, true) as works,
       exists (select from tenants.operator_role h
                 join tenants.role r on r.tenant_id = h.tenant_id and r.id = h.role_id
                where h.tenant_id = o.tenant_id and h.operator_id = o.id and r.built_in) as everything,
       array (select unnest(r.functions) from tenants.operator_role h
                join tenants.role r on r.tenant_id = h.tenant_id and r.id = h.role_id
               where h.tenant_id = o.tenant_id and h.operator_id = o.id
              union
              select g.function from tenants.operator_grant g
               where g.tenant_id = o.tenant_id and g.operator_id = o.id) as functions,
       o.all_departments,
       array (with recursive below as (
                select a.id from people.department a
                 where a.tenant_id = :tenant_id and a.id = o.department_id
                union all
                select c.id from people.department c join below on below.id = c.parent_id
                 where c.tenant_id = :tenant_id)
              select id from below) as departments
  from tenants.operator o
  join tenants.tenant t on t.tenant_id = o.tenant_id
 where o.tenant_id = :tenant_id and o.id = :id;

-- name: lock_authority(tenant_id)$
-- Changes of authority go one after the other: each looks at what the one before has left.
select id from tenants.role where tenant_id = :tenant_id and built_in for update;

-- name: may_administer(tenant_id)
-- Operators who see everybody, without an end, with what is granted to them.
select o.id,
       bool_or(coalesce(r.built_in, false)) as everything,
       array_agg(distinct f.name) filter (where f.name is not null) as functions
  from tenants.operator o
  left join tenants.operator_role h on h.tenant_id = o.tenant_id and h.operator_id = o.id
  left join tenants.role r on r.tenant_id = h.tenant_id and r.id = h.role_id
  left join lateral (select unnest(r.functions) as name
                     union all
                     select g.function from tenants.operator_grant g
                      where g.tenant_id = o.tenant_id and g.operator_id = o.id) f on true
 where o.tenant_id = :tenant_id and o.all_departments and o.state = 'enabled' and o.ends_on is null
 group by o.id;
