-- who works in the console; its account number is the tenant's code and a sequence
create table tenants.operator (
  tenant_id   bigint      not null,
  id          bigint      generated always as identity,
  account     text        not null check (account ~ '^[0-9]{8,12}$'),
  name        text        not null check (name <> ''),
  department_id   bigint,                                 -- sees the people of its subtree; null: of none
  all_departments boolean not null default false,         -- sees everybody
  remark      text        not null default '',
  may_sign_in_on_devices boolean not null default false,  -- 允许设备登陆
  may_top_up  boolean     not null default false,         -- 允许充值
  state       text        not null default 'enabled' check (state in ('enabled', 'disabled')),
  ends_on     date,                                       -- its last day, by the tenant's calendar
  password_hash text,                                     -- argon2id; null: no password signs it in
  password_changed_at   timestamptz,
  password_set_by_other boolean not null default false,   -- the first sign-in has to change it
  language    text        check (language in ('zh-CN', 'en')),
  time_zone   text,
  locked_until timestamptz,                               -- after repeated failures
  signed_in_at timestamptz,                               -- the last time; who never did may be deleted
  created_at  timestamptz not null default now(),
  changed_at  timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, account),
  foreign key (tenant_id) references tenants.tenant (tenant_id) on delete restrict,
  foreign key (tenant_id, department_id) references people.department (tenant_id, id) on delete restrict
);
create index operator_department on tenants.operator (tenant_id, department_id);

create table tenants.role (
  tenant_id  bigint      not null,
  id         bigint      generated always as identity,
  name       text        not null check (name <> ''),
  remark     text        not null default '',
  functions  text[]      not null default '{}',     -- names another version may not know
  built_in   boolean     not null default false,    -- has every function, whatever the column says
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, name),
  foreign key (tenant_id) references tenants.tenant (tenant_id) on delete restrict
);
create unique index role_built_in on tenants.role (tenant_id) where built_in;

create table tenants.operator_role (
  tenant_id   bigint not null,
  operator_id bigint not null,
  role_id     bigint not null,
  primary key (tenant_id, operator_id, role_id),
  foreign key (tenant_id, operator_id) references tenants.operator (tenant_id, id) on delete restrict,
  foreign key (tenant_id, role_id) references tenants.role (tenant_id, id) on delete restrict
);
create index operator_role_role on tenants.operator_role (tenant_id, role_id);

-- single functions beside those of the roles (功能授权)
create table tenants.operator_grant (
  tenant_id   bigint not null,
  operator_id bigint not null,
  function    text   not null check (function <> ''),
  primary key (tenant_id, operator_id, function),
  foreign key (tenant_id, operator_id) references tenants.operator (tenant_id, id) on delete restrict
);
