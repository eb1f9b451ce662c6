-- Roles are of the whole server, so another database of it may have made them already.
do $$
begin
  if not exists (select from pg_roles where rolname = 'onecard_app') then
    create role onecard_app login nosuperuser nobypassrls nocreaterole nocreatedb;
  end if;
  if not exists (select from pg_roles where rolname = 'onecard_engine') then
    create role onecard_engine login nosuperuser nobypassrls nocreaterole nocreatedb;
  end if;
  if not exists (select from pg_roles where rolname = 'onecard_ledger') then
    create role onecard_ledger nologin nosuperuser nobypassrls nocreaterole nocreatedb;
  end if;
  -- only to hand functions over to it; not to inherit its rights
  if not pg_has_role(current_user, 'onecard_ledger', 'set') then
    execute format('grant onecard_ledger to %I with inherit false, set true', current_user);
  end if;
end $$;

create schema tenants;

create sequence tenants.tenant_ids as bigint;

create table tenants.tenant (
  tenant_id  bigint      not null primary key,
  code       text        not null check (code ~ '^[0-9]{4}$'),
  name       text        not null check (name <> ''),
  currency   text        not null default 'CNY' check (currency ~ '^[A-Z]{3}$'),
  minor_exponent smallint not null default 2 check (minor_exponent between 0 and 4),
  time_zone  text        not null default 'Asia/Shanghai',
  day_cutoff time        not null default '03:00',
  language   text        not null default 'zh-CN' check (language in ('zh-CN', 'en')),
  state      text        not null default 'active' check (state in ('active', 'suspended')),
  shard      int         not null default 1,   -- whose writer books for it; the route repeats this
  created_at timestamptz not null default now()
);

-- routing: finds the tenant of a code, and the shard whose writer books for it
create table tenants.route (
  code      text    not null primary key,
  tenant_id bigint  not null unique,
  shard     int     not null default 1,
  suspended boolean not null default false
);

-- human numbers count per tenant (never a sequence of the whole installation)
create table tenants.counter (
  tenant_id bigint not null,
  name      text   not null,
  value     bigint not null default 0,
  primary key (tenant_id, name)
);
