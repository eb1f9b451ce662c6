-- What a tenant's cards are like, and what all their keys are derived with.
create table cards.format (
  tenant_id     bigint   not null primary key,
  technology    text     not null check (technology in ('uid', 'classic')),
  mode          text     not null check (mode in ('online', 'stored')),
  size          text     not null default '1K' check (size in ('1K', '4K')),
  first_sector  smallint not null default 1 check (first_sector between 1 and 29),
  lift_groups   smallint not null default 0 check (lift_groups between 0 and 28),
  value_blocks  boolean  not null default false,             -- profile OC1-V
  number_digits smallint not null default 6 check (number_digits between 1 and 6),
  changed_at    timestamptz not null default now(),
  foreign key (tenant_id) references tenants.tenant (tenant_id) on delete restrict,
  check (mode = 'online' or technology <> 'uid')
);

-- The system secondary encryption. Cards refer to it, so that it cannot change once there is one.
create table cards.site (
  tenant_id  bigint not null primary key,
  site       bytea  not null check (octet_length(site) = 4),  -- random, never changed
  pin        text   not null check (pin ~ '^[0-9]{4}$'),
  changed_at timestamptz not null default now(),
  unique (tenant_id, pin),
  foreign key (tenant_id) references tenants.tenant (tenant_id) on delete restrict
);

-- Three masters, wrapped together; a card keeps its version until it is re-keyed.
create table cards.key_set (
  tenant_id  bigint   not null,
  version    smallint not null check (version between 1 and 255),
  wrapped_by text     not null,                               -- name of the key-encryption key
  box        bytea    not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, version),
  foreign key (tenant_id) references cards.site (tenant_id) on delete restrict
);

alter table cards.card
  drop constraint card_technology_check,
  add constraint card_technology_check check (technology in ('uid', 'classic')),
  add column generation  smallint check (generation between 1 and 255),
  add column key_version smallint,
  add column pin         text,
  add constraint keyed check (
    (technology = 'uid') = (generation is null)
    and (technology = 'uid') = (key_version is null)
    and (technology = 'uid') = (pin is null)
  ),
  add foreign key (tenant_id, key_version) references cards.key_set (tenant_id, version) on delete restrict,
  add foreign key (tenant_id, pin) references cards.site (tenant_id, pin)
    on delete restrict on update restrict;
