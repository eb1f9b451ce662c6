create schema cards;

create table cards.card (
  tenant_id  bigint not null,
  id         bigint generated always as identity,
  uid        text   not null check (uid ~ '^([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$'),
  technology text   not null default 'uid' check (technology in ('uid')),
  person_id  bigint not null,
  state      text   not null default 'active' check (state in ('active', 'lost', 'returned')),
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, uid),
  foreign key (tenant_id, person_id) references people.person (tenant_id, id) on delete restrict
);
create unique index card_one_per_person on cards.card (tenant_id, person_id) where state = 'active';
