-- desks of a tenant: an agent signs in for each with a key of its own
create table devices.workstation (
  tenant_id   bigint      not null,
  id          bigint      generated always as identity,
  token       text        not null check (token ~ '^[a-z0-9_-]{1,32}$'),   -- its name in bus subjects
  name        text        not null,
  public_key  text        check (public_key ~ '^U[A-Z2-7]{55}$'),
  code_hash   bytea,                        -- SHA-256 of the one-time code; a lost answer is repeated
  code_ends   timestamptz,                  -- null: the code was used, or there never was one
  code_tries  smallint    not null default 0,
  version     text        not null default '',
  online      boolean     not null default false,
  created_at  timestamptz not null default now(),
  enrolled_at timestamptz,
  revoked_at  timestamptz,
  last_seen   timestamptz,
  rivalled_at timestamptz,                  -- when another program last signed in with its key
  changed_at  timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, token),
  foreign key (tenant_id) references tenants.tenant (tenant_id) on delete restrict,
  check ((public_key is null) = (enrolled_at is null))
);

-- routing: whose desk a key is; gateways watch it to disconnect what was revoked
create table devices.workstation_route (
  public_key     text        not null primary key,
  tenant_id      bigint      not null,
  workstation_id bigint      not null,
  token          text        not null,
  revoked_at     timestamptz,
  changed_at     timestamptz not null default now()
);
create index workstation_route_revoked on devices.workstation_route (changed_at) where revoked_at is not null;
