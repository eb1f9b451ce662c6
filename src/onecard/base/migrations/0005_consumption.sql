create schema consumption;

create table consumption.merchant (
  tenant_id bigint not null,
  id        bigint generated always as identity,
  code      text   not null check (code ~ '^[A-Za-z0-9_-]{1,16}$'),
  name      text   not null check (name <> ''),
  book_id   bigint not null,
  state     text   not null default 'open' check (state in ('open', 'closed')),
  primary key (tenant_id, id),
  unique (tenant_id, code),
  unique (tenant_id, name),
  foreign key (tenant_id, book_id) references ledger.book (tenant_id, id) on delete restrict
);

-- meal periods of the day by the tenant's wall clock; number 0 stands for "outside every meal"
create table consumption.meal (
  tenant_id bigint   not null,
  number    smallint not null check (number between 1 and 99),
  name      text     not null check (name <> ''),
  starts    time     not null,
  ends      time     not null,
  primary key (tenant_id, number),
  unique (tenant_id, name),
  check (starts <> ends)
);
