-- Who took a tenant's card keys out of the system or put them back. Rows are only ever added.
create table cards.custody_event (
  tenant_id     bigint      not null,
  id            bigint      generated always as identity,
  at            timestamptz not null default now(),
  actor         text        not null check (actor <> ''),
  what          text        not null check (what in ('export', 'restore', 'rewrap')),
  first_person  text        not null default '',
  second_person text        not null default '',
  fingerprint   text        not null,                       -- check values of all masters, by version
  primary key (tenant_id, id),
  foreign key (tenant_id) references tenants.tenant (tenant_id) on delete restrict,
  constraint two_people check (
    what = 'rewrap' or (first_person <> '' and second_person <> '' and first_person <> second_person)
  )
);
