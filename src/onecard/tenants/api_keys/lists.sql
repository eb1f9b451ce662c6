-- name: keys(tenant_id, now)
select k.id, k.name, o.account, o.name as operator_name, k.functions,
       cardinality(k.functions) as function_count, k.department_ids, k.created_at, k.ends_at, k.used_at,
       k.used_from,
       case when k.revoked_at is not null then 'revoked'
            when k.ends_at <= :now then 'expired' else 'valid' end as state
  from tenants.api_key k join tenants.operator o on o.tenant_id = k.tenant_id and o.id = k.operator_id
 where k.tenant_id = :tenant_id;
