-- name: approvals(tenant_id, now)
select a.id, a.function, a.summary,
       case when a.state in ('asked', 'approved') and a.ends_at <= :now then 'expired' else a.state end
         as state,
       a.asked_by, o.account || ' ' || o.name as asker, a.asked_at, a.ends_at,
       coalesce(d.account || ' ' || d.name, '') as decider, a.decided_at, a.remark, a.done_at
  from tenants.approval a
  join tenants.operator o on o.tenant_id = a.tenant_id and o.id = a.asked_by
  left join tenants.operator d on d.tenant_id = a.tenant_id and d.id = a.decided_by
 where a.tenant_id = :tenant_id;
