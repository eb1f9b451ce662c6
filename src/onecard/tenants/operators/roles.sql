-- name: roles(tenant_id, id, operator_id)
-- All, or the one with an id, or those of an operator; the rest is null.
select r.id, r.name, r.remark, r.functions, r.built_in,
       (select count(*) from tenants.operator_role h where h.tenant_id = r.tenant_id and h.role_id = r.id)
         as operators
  from tenants.role r
 where r.tenant_id = :tenant_id
   and (:id::bigint is null or r.id = :id)
   and (:operator_id::bigint is null or exists (
         select from tenants.operator_role h
          where h.tenant_id = r.tenant_id and h.role_id = r.id and h.operator_id = :operator_id))
 order by r.built_in desc, r.name;

-- name: insert_role(tenant_id, name, remark, functions, built_in)$
insert into tenants.role (tenant_id, name, remark, functions, built_in)
values (:tenant_id, :name, :remark, :functions, :built_in) returning id;

-- name: insert_administrator(tenant_id, name)!
-- The role that has every function; there is one in each tenant.
insert into tenants.role (tenant_id, name, built_in) values (:tenant_id, :name, true) on conflict do nothing;

-- name: administrator(tenant_id)$
select id from tenants.role where tenant_id = :tenant_id and built_in;

-- name: update_role(tenant_id, id, name, remark, functions)!
update tenants.role set name = :name, remark = :remark, functions = :functions, changed_at = now()
 where tenant_id = :tenant_id and id = :id;

-- name: delete_role(tenant_id, id)!
delete from tenants.role where tenant_id = :tenant_id and id = :id;

-- name: role_functions(tenant_id, id)$
select functions from tenants.role where tenant_id = :tenant_id and id = :id;

-- name: holders(tenant_id, id)
select o.account, o.name from tenants.operator_role h
  join tenants.operator o on o.tenant_id = h.tenant_id and o.id = h.operator_id
 where h.tenant_id = :tenant_id and h.role_id = :id order by o.account;

-- name: take_roles(tenant_id, operator_id, kept)!
delete from tenants.operator_role
 where tenant_id = :tenant_id and operator_id = :operator_id and role_id <> all (:kept::bigint[]);

-- name: give_roles(tenant_id, operator_id, role_ids)!
insert into tenants.operator_role (tenant_id, operator_id, role_id)
select :tenant_id, :operator_id, w.id from unnest(:role_ids::bigint[]) w (id) on conflict do nothing;

-- name: grants(tenant_id, operator_id)
select function from tenants.operator_grant
 where tenant_id = :tenant_id and operator_id = :operator_id order by function;

-- name: take_grants(tenant_id, operator_id, functions)!
delete from tenants.operator_grant
 where tenant_id = :tenant_id and operator_id = :operator_id and function = any (:functions::text[]);

-- name: give_grants(tenant_id, operator_id, functions)!
insert into tenants.operator_grant (tenant_id, operator_id, function)
select :tenant_id, :operator_id, w.function from unnest(:functions::text[]) w (function)
on conflict do nothing;
