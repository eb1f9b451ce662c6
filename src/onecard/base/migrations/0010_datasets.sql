-- Lists that terminals keep, who has which version of them, and what terminals say they still hold.

-- Every change of every list, for ever. The list at a version is the newest change of each key up to it; one
-- count of versions runs through all lists of a tenant and has no gaps where somebody looks.
create table devices.dataset_change (
  tenant_id  bigint not null,
  dataset    text   not null check (dataset in ('black')),
  version    bigint not null check (version > 0),
  op         text   not null check (op in ('+', '-')),
  key        text   not null check (key <> ''),
  content    jsonb  not null,               -- the row as terminals get it, without its key
  digest     bigint not null,               -- first 8 bytes of the row's SHA-256
  devices    bigint[],                      -- for whom; null: for all there are and will be
  reason     text   not null default '',
  actor      text   not null default current_setting('onecard.actor'),
  changed_at timestamptz not null default now(),
  primary key (tenant_id, dataset, version)
);
create index dataset_change_key on devices.dataset_change (tenant_id, dataset, key, version desc);

-- What a terminal was sent of a list, and what it says it has.
create table devices.dataset_have (
  tenant_id    bigint   not null,
  device_id    bigint   not null,
  dataset      text     not null check (dataset in ('black')),
  version      bigint   not null default 0 check (version >= 0),
  confirmed_at timestamptz,
  sent_version bigint   not null default 0 check (sent_version >= 0),
  sent_at      timestamptz,
  tries        smallint not null default 0,
  next_at      timestamptz,                 -- when to send again
  resend_at    timestamptz,                 -- when somebody asked for the whole list to be sent again
  error        text,
  error_at     timestamptz,
  primary key (tenant_id, device_id, dataset),
  foreign key (tenant_id, device_id) references devices.device (tenant_id, id) on delete restrict
);

-- routing: which tenants' lists gateways have to look at, and when
create table devices.dataset_due (
  tenant_id bigint      not null primary key,
  next_at   timestamptz not null
);

-- What a terminal said last: the number of the newest record it has.
alter table devices.epoch
  add column said    bigint check (said >= 0),
  add column said_at timestamptz;

-- A store that was destroyed with records in it; nobody waits for it any longer.
create table devices.write_off (
  tenant_id     bigint not null,
  device_id     bigint not null,
  epoch         bigint not null,
  watermark     bigint not null,
  said          bigint,
  reason        text   not null check (reason <> ''),
  first_actor   text   not null,
  second_actor  text   not null check (second_actor <> first_actor),
  written_at    timestamptz not null default now(),
  primary key (tenant_id, device_id, epoch),
  foreign key (tenant_id, device_id, epoch) references devices.epoch (tenant_id, device_id, epoch)
    on delete restrict
);
