create schema people;

create table people.department (
  tenant_id bigint not null,
  id        bigint generated always as identity,
  code      text   not null check (code <> ''),
  name      text   not null check (name <> ''),
  parent_id bigint,
  position  int    not null default 0,
  primary key (tenant_id, id),
  unique (tenant_id, code),
  foreign key (tenant_id, parent_id) references people.department (tenant_id, id) on delete restrict,
  check (parent_id <> id)
);
create unique index department_one_root on people.department (tenant_id) where parent_id is null;
create unique index department_name on people.department (tenant_id, parent_id, name) nulls not distinct;

create table people.account_class (
  tenant_id bigint not null,
  id        bigint generated always as identity,
  number    int    not null check (number > 0),
  name      text   not null check (name <> ''),
  drawing   text[] not null default '{subsidy,bonus,cash}',   -- purses in the order a sale draws on them
  floor_fen bigint not null default 0 check (floor_fen >= 0), -- 底金 of the cash purse
  -- limits: 0 means none
  transaction_limit_fen bigint not null default 0 check (transaction_limit_fen >= 0),
  meal_limit_fen        bigint not null default 0 check (meal_limit_fen >= 0),
  meal_limit_count      int    not null default 0 check (meal_limit_count >= 0),
  day_limit_fen         bigint not null default 0 check (day_limit_fen >= 0),
  day_limit_count       int    not null default 0 check (day_limit_count >= 0),
  primary key (tenant_id, id),
  unique (tenant_id, number),
  unique (tenant_id, name),
  constraint drawing_purses check (drawing <@ '{cash,subsidy,bonus,water}' and cardinality(drawing) > 0)
);

create table people.person (
  tenant_id     bigint   not null,
  id            bigint   generated always as identity,
  number        text     not null check (number <> ''),   -- 编号: no right to update it is granted
  name          text     not null check (name <> ''),
  department_id bigint   not null,
  class_id      bigint   not null,
  gender        text     check (gender in ('male', 'female')),
  id_number_box bytea,                                     -- encrypted
  id_number_tag bytea,                                     -- keyed hash: finds without decrypting
  phone         text,
  state         text     not null default 'active' check (state in ('active', 'suspended', 'left')),
  created_at    timestamptz not null default now(),
  changed_at    timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, number),
  unique (tenant_id, phone),
  foreign key (tenant_id, department_id) references people.department (tenant_id, id) on delete restrict,
  foreign key (tenant_id, class_id) references people.account_class (tenant_id, id) on delete restrict,
  check ((id_number_box is null) = (id_number_tag is null))
);
create index person_department on people.person (tenant_id, department_id);
create index person_class on people.person (tenant_id, class_id);
create index person_id_number on people.person (tenant_id, id_number_tag) where id_number_tag is not null;
