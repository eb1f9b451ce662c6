-- name: ask(tenant_id, function, summary, payload, asked_by, now, ends_at)$
insert into tenants.approval (tenant_id, function, summary, payload, asked_by, asked_at, ends_at)
values (:tenant_id, :function, :summary, :payload, :asked_by, :now, :ends_at) returning id;

-- name: approval(tenant_id, id, now)^
-- What was not done in time is expired.
select a.id, a.function, a.summary, a.payload,
       case when a.state in ('asked', 'approved') and a.ends_at <= :now then 'expired' else a.state end
         as state,
       a.asked_by, o.account || ' ' || o.name as asker, a.asked_at, a.ends_at,
       coalesce(d.account || ' ' || d.name, '') as decider, a.decided_at, a.remark, a.done_at
  from tenants.approval a
  join tenants.operator o on o.tenant_id = a.tenant_id and o.id = a.asked_by
  left join tenants.operator d on d.tenant_id = a.tenant_id and d.id = a.decided_by
 where a.tenant_id = :tenant_id and a.id = :id;

-- name: decide(tenant_id, id, state, decided_by, remark, now)$
update tenants.approval set state = :state, decided_by = :decided_by, decided_at = :now, remark = :remark
 where tenant_id = :tenant_id and id = :id and state = 'asked' and ends_at > :now
   and asked_by <> :decided_by
returning id;

-- name: withdraw(tenant_id, id, asked_by, now)$
update tenants.approval set state = 'withdrawn'
 where tenant_id = :tenant_id and id = :id and state = 'asked' and ends_at > :now and asked_by = :asked_by
returning function;

-- name: claim(tenant_id, id, now)^
update tenants.approval set state = 'done', done_at = :now
 where tenant_id = :tenant_id and id = :id and state = 'approved' and ends_at > :now
returning function, payload, asked_by;

-- name: waiting(tenant_id, operator_id, functions, now)$
select count(*) from tenants.approval
 where tenant_id = :tenant_id and state = 'asked' and ends_at > :now and asked_by <> :operator_id
   and function = any (:functions::text[]);
