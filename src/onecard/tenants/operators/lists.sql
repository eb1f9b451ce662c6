-- name: operators(tenant_id, search, departments)
-- `search`: start of an account or part of a name; `departments`: of these only, null: all operators.
select o.id, o.account, o.name, o.department_id, coalesce(d.name, '') as department, o.all_departments,
       coalesce((select string_agg(r.name, ', ' order by r.built_in desc, r.name)
                   from tenants.operator_role h
                   join tenants.role r on r.tenant_id = h.tenant_id and r.id = h.role_id
                  where h.tenant_id = o.tenant_id and h.operator_id = o.id), '') as roles,
       (select count(*) from tenants.operator_grant g
         where g.tenant_id = o.tenant_id and g.operator_id = o.id) as grants,
       case when o.state = 'disabled' then 'disabled'
            when o.ends_on < (now() at time zone t.time_zone)::date then 'ended'
            else 'enabled' end as state,
       coalesce(o.locked_until > now(), false) as locked, o.may_sign_in_on_devices, o.may_top_up, o.ends_on,
       o.signed_in_at, o.remark
  from tenants.operator o
  join tenants.tenant t on t.tenant_id = o.tenant_id
  left join people.department d on d.tenant_id = o.tenant_id and d.id = o.department_id
 where o.tenant_id = :tenant_id
   and (starts_with(o.account, coalesce(:search::text, ''))
        or strpos(lower(o.name), lower(coalesce(:search::text, ''))) > 0)
   and (:departments::bigint[] is null
        or not o.all_departments and o.department_id = any (:departments::bigint[]));

-- name: roles(tenant_id, search)
-- `search`: part of a name.
select r.id, r.name, r.remark, r.built_in, cardinality(r.functions) as functions,
       (select count(*) from tenants.operator_role h where h.tenant_id = r.tenant_id and h.role_id = r.id)
         as operators
  from tenants.role r
 where r.tenant_id = :tenant_id
   and strpos(lower(r.name), lower(coalesce(:search::text, ''))) > 0;
