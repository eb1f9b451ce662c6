-- name: next_id()$
-- The id comes from a sequence; codes are what people use.
select nextval('tenants.tenant_ids');

-- name: insert_tenant(tenant_id, code, name, currency, time_zone, day_cutoff, language)!
insert into tenants.tenant (tenant_id, code, name, currency, time_zone, day_cutoff, language)
values (:tenant_id, :code, :name, :currency, :time_zone, :day_cutoff, :language);

-- name: insert_route(code, tenant_id)!
insert into tenants.route (code, tenant_id) values (:code, :tenant_id);

-- name: tenant(tenant_id)^
select tenant_id, code, name, currency, minor_exponent, time_zone, day_cutoff, language, state
  from tenants.tenant where tenant_id = :tenant_id;

-- name: update_tenant(tenant_id, name, currency, time_zone, day_cutoff, language)!
update tenants.tenant
   set name = :name, currency = :currency, time_zone = :time_zone, day_cutoff = :day_cutoff,
       language = :language
 where tenant_id = :tenant_id;

-- name: set_state(state, tenant_id)!
update tenants.tenant set state = :state where tenant_id = :tenant_id;

-- name: set_route_suspended(suspended, tenant_id)!
update tenants.route set suspended = :suspended where tenant_id = :tenant_id;

-- name: route(code)^
select code, tenant_id, shard, suspended from tenants.route where code = :code;

-- name: routes()
select code, tenant_id, shard, suspended from tenants.route order by code;

-- name: next_number(tenant_id, name)$
-- Counts per tenant and name; the first number is 1.
insert into tenants.counter (tenant_id, name, value) values (:tenant_id, :name, 1)
on conflict (tenant_id, name) do update set value = tenants.counter.value + 1 returning value;
