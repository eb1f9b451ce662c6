-- The audit: who did what, when, from where, and what it was before and after. Only audit.write() inserts
-- here; it runs as onecard_audit, which nobody signs in as. No serving role may change or delete an entry.
do $$
begin
  if not exists (select from pg_roles where rolname = 'onecard_audit') then
    create role onecard_audit nologin nosuperuser nobypassrls nocreaterole nocreatedb;
  end if;
  -- only to hand functions over to it; not to inherit its rights
  if not pg_has_role(current_user, 'onecard_audit', 'set') then
    execute format('grant onecard_audit to %I with inherit false, set true', current_user);
  end if;
end $$;

create schema audit;

-- the newest entry of each tenant: its number, and the hash that covers it and all before it
create table audit.head (
  tenant_id bigint      not null primary key,
  number    bigint      not null,
  hash      bytea       not null,
  at        timestamptz not null
);

create table audit.entry (
  tenant_id bigint      not null,
  number    bigint      not null,          -- 1, 2, … without gaps
  at        timestamptz not null,
  actor     text collate "C" not null check (actor <> ''),
  origin    text        not null,          -- from where: a client's address, or `shell`
  function  text collate "C" not null check (function <> ''),
  thing     text        not null,          -- kind of what was changed, e.g. department
  subject   text        not null,          -- which one, as a person reads it, e.g. 86729001 张三
  before    json check (json_typeof(before) = 'object'),   -- json, not jsonb: the hash covers the very text
  after     json check (json_typeof(after) = 'object'),
  note      text        not null,
  hash      bytea       not null,          -- SHA-256 over the hash before and this entry (functions.sql)
  -- what lists are filtered by, as columns of their own: row security lets an index be used for plain columns
  area          text collate "C" generated always as (split_part(function, ':', 1)) stored,
  subject_start text collate "C" generated always as (lower(subject)) stored,
  subject_rest  text collate "C"
    generated always as (lower(substr(subject, strpos(subject, ' ') + 1))) stored,
  primary key (tenant_id, number)
);
-- lists are ordered by time, and by number within one instant
create index entry_at on audit.entry (tenant_id, at, number);
create index entry_actor on audit.entry (tenant_id, actor, at, number);
create index entry_area on audit.entry (tenant_id, area, at, number);
create index entry_area_count on audit.entry (tenant_id, area);   -- a tenth of its size: to count with
create index entry_function on audit.entry (tenant_id, function, at, number);
create index entry_subject_start on audit.entry (tenant_id, subject_start, at, number);
create index entry_subject_rest on audit.entry (tenant_id, subject_rest, at, number);
