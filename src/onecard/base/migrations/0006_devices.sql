create schema devices;

create table devices.device (
  tenant_id   bigint not null,
  id          bigint generated always as identity,
  token       text   not null check (token ~ '^[a-z0-9_-]{1,32}$'),   -- its name in bus topics
  sn          text   not null check (sn ~ '^[A-Za-z0-9_-]{1,32}$'),
  kind        text   not null default 'ot1',
  merchant_id bigint,
  name        text   not null default '',
  place       text   not null default '',
  state       text   not null default 'certified' check (state in ('certified', 'disabled', 'retired')),
  secret_hash bytea  not null,              -- SHA-256 of a 256-bit random secret
  created_at  timestamptz not null default now(),
  changed_at  timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, token),
  unique (tenant_id, sn),
  foreign key (tenant_id, merchant_id) references consumption.merchant (tenant_id, id) on delete restrict
);

-- routing: which tenant a serial number was certified for; gateways watch it to disconnect what is no longer
-- welcome
create table devices.route (
  sn         text        not null primary key,
  token      text        not null unique,   -- tokens name MQTT clients, which are of the whole installation
  tenant_id  bigint      not null,
  device_id  bigint      not null,
  state      text        not null default 'certified' check (state in ('certified', 'disabled', 'retired')),
  changed_at timestamptz not null default now()
);
create index route_changed on devices.route (changed_at) where state <> 'certified';

-- local: devices that asked to join and belong to no tenant yet
create table devices.candidate (
  sn            text not null primary key,
  model         text not null default '',
  firmware      text not null default '',
  public_key    bytea,                      -- X25519, so that the secret can be sealed for this device alone
  claim         text not null default '',
  state         text not null default 'wait' check (state in ('wait', 'ok', 'no')),
  tenant_code   text,
  token         text,
  sealed_secret bytea,
  first_seen    timestamptz not null default now(),
  last_seen     timestamptz not null default now()
);

create table devices.presence (
  tenant_id   bigint      not null,
  device_id   bigint      not null,
  online      boolean     not null,
  boot        bigint,
  epoch       bigint,
  firmware    text,
  model       text,
  protocol    text,
  clock       smallint,
  last_seen   timestamptz not null,
  primary key (tenant_id, device_id),
  foreign key (tenant_id, device_id) references devices.device (tenant_id, id) on delete restrict
);

-- a record store of a device; watermark: the last record number up to which nothing is missing
create table devices.epoch (
  tenant_id      bigint      not null,
  device_id      bigint      not null,
  epoch          bigint      not null check (epoch between 1 and 2147483647),
  watermark      bigint      not null default 0 check (watermark >= 0),
  opened_at      timestamptz not null default now(),
  last_record_at timestamptz,
  primary key (tenant_id, device_id, epoch),
  foreign key (tenant_id, device_id) references devices.device (tenant_id, id) on delete restrict
);

-- what devices said happened; raw, immutable, kept for ever
create table devices.record (
  tenant_id   bigint      not null,
  device_id   bigint      not null,
  epoch       bigint      not null,
  seq         bigint      not null check (seq > 0),
  kind        text        not null,
  occurred_at timestamptz not null,
  status      smallint    not null,          -- what became of it
  posting_key uuid,
  digest      bytea       not null,          -- SHA-256 of the record as received, key order normalised
  content     jsonb       not null,
  received_at timestamptz not null default now(),
  primary key (tenant_id, device_id, epoch, seq),
  foreign key (tenant_id, device_id, epoch) references devices.epoch (tenant_id, device_id, epoch)
    on delete restrict
);

create table devices.quarantine (
  tenant_id   bigint      not null,
  id          bigint      generated always as identity,
  device_id   bigint      not null,
  epoch       bigint      not null,
  seq         bigint      not null,
  reason      text        not null,
  content     jsonb       not null,
  received_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create index quarantine_device on devices.quarantine (tenant_id, device_id, epoch, seq);
