-- One broken table, policy, key or right at a time. The line before each says which rules must notice it, by
-- the start of their name in house/schema_rules.py, and what the finding must say.

-- 1 | people.pet
create table people.pet (id bigint primary key, tenant_id bigint not null);

-- 1 | cards.card: tenant_id is integer
drop policy one_tenant on cards.card;
alter table cards.card alter tenant_id type int;

-- 1 | without a default
alter table people.person alter tenant_id set default 1;

-- 1 | ledger.line: no primary key
alter table ledger.line drop constraint line_pkey cascade;

-- 1 | people.b does not begin
alter table people.person add constraint b unique (phone, tenant_id);

-- 1 | people.broken does not begin
create unique index broken on people.person (lower(phone), tenant_id);

-- 1 | cards.broken does not begin
create unique index broken on cards.card (uid) where state = 'active';

-- 1 | people.pet
create table people.pet (tenant_id bigint, id bigint, unique (tenant_id, id));

-- 1 | people.broken does not begin
alter table people.person add constraint broken exclude using btree (number with =);

-- 1 | foreign key broken does not begin
create unique index other on cards.card (id, tenant_id);
alter table devices.record add column card bigint,
  add constraint broken foreign key (card, tenant_id) references cards.card (id, tenant_id);

-- 2 | people.pet: has no kind
create table people.pet (tenant_id bigint not null primary key);

-- 2 | public.pet: has no kind
create table public.pet (id bigint primary key);

-- 2 | schema pets
create schema pets;

-- 2 | devices.quarantine: declared but
drop table devices.quarantine;

-- 2 | declared local
alter table devices.candidate add tenant_id bigint;

-- 3 | devices.route: foreign key broken points from outside
alter table devices.route
  add constraint broken foreign key (tenant_id, device_id) references devices.device (tenant_id, id);

-- 3 | sets columns to null
alter table cards.card
  add constraint broken foreign key (tenant_id, person_id)
  references people.person (tenant_id, id) on delete set null;

-- 3 | sets columns to null
alter table cards.card
  add constraint broken foreign key (tenant_id, person_id)
  references people.person (tenant_id, id) on update set default;

-- 3 | which is none
alter table cards.card add constraint broken foreign key (tenant_id) references tenants.route (tenant_id);

-- 4 | touches a routing table
alter table cards.card add constraint broken foreign key (tenant_id) references tenants.route (tenant_id);

-- 4 | tenants.route.contact
alter table tenants.route add contact text;

-- 4 | tenants.route.shard
alter table tenants.tenant drop column shard;

-- 5 | cards.card.reader_id: an id of type integer
alter table cards.card add reader_id int;

-- 5 | cards.card.place
alter table cards.card add place int generated always as identity;

-- 5 | serial instead of identity
alter table cards.card add place bigserial;

-- 5 | cards.numbers: a sequence of the whole
create sequence cards.numbers;

-- 5 | counts in integer
alter sequence tenants.tenant_ids as int;

-- 9 nothing | ledger.line: trigger or rule broken
create function base.f() returns trigger language plpgsql as 'begin return new;
end';
create trigger broken before update on ledger.line for each row execute function base.f();

-- 9 nothing | rule broken
create rule broken as on delete to ledger.line do instead nothing;

-- 9 rights | delete on people.person
grant delete on people.person to onecard_app;

-- 9 rights | update on people.person
grant update (number) on people.person to onecard_app;

-- 9 rights | onecard_engine may select people.person
grant select on people.person to public;

-- 9 rights | insert on cards.card
revoke insert on cards.card from onecard_app;

-- 9 rights | onecard_engine may select ledger.book
grant select on ledger.book to onecard_engine;

-- 9 rights | ledger.book id
grant select (id) on ledger.book to onecard_engine;

-- 9 history | onecard_app may truncate people.person
grant truncate on people.person to onecard_app;

-- 9 history | onecard_app may insert ledger.line
grant insert on ledger.line to onecard_app;

-- 9 history | ledger.line amount_fen
grant update (amount_fen) on ledger.line to onecard_ledger;

-- 9 history | onecard_ledger may delete ledger.hold
grant delete on ledger.hold to onecard_ledger;

-- 9 history | onecard_app may insert audit.entry
grant insert on audit.entry to onecard_app;

-- 9 history | onecard_app may update audit.head hash
grant update (hash) on audit.head to onecard_app;

-- 9 history | onecard_audit may select ledger.line
grant select on ledger.line to onecard_audit;

-- 9 history | onecard_ledger may select people
grant select on people.person to onecard_ledger;

-- 9 views | people.m: a material
create materialized view people.m as select * from people.person;

-- 9 views | people.v: a view without
create view people.v as select * from people.person;

-- 9 definer | people.f(): SECURITY DEFINER outside
create function people.f() returns int language sql security definer set search_path = pg_catalog
  as 'select 1';

-- 9 definer | outside ledger and audit
alter function ledger.open_book owner to onecard_owner;

-- 9 definer | outside ledger and audit
alter function audit.write owner to onecard_ledger;

-- 9 definer | search_path is not pinned
alter function ledger.open_book reset search_path;

-- 9 definer | anybody may call it
grant execute on function ledger.open_book to public;

-- 9 definer | both the application
grant execute on function ledger.open_book to onecard_engine;

-- 9 and 10 | onecard_app: has bypassrls
alter role onecard_app bypassrls;

-- 9 and 10 | onecard_engine: has superuser
alter role onecard_engine superuser;

-- 9 and 10 | onecard_ledger: can sign in
alter role onecard_ledger login;

-- 9 and 10 | onecard_audit: can sign in
alter role onecard_audit login;

-- 9 and 10 | onecard_app: is a member of onecard_ledger
grant onecard_ledger to onecard_app;

-- 9 and 10 | onecard_app: owns r cards.card
alter table cards.card owner to onecard_app;

-- 10 policies | policy broken is not the one declared
create policy broken on cards.card for select to onecard_app using (true);

-- 10 policies | policy ledger_writer
alter policy ledger_writer on ledger.line to public;

-- 10 policies | cards.card: policy one_tenant
alter policy one_tenant on cards.card using (tenant_id = current_setting('onecard.tenant')::bigint);
