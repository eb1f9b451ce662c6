-- Numbers, phones and UIDs are compared byte by byte: an index then answers “begins with” for any prefix,
-- and the order of a list is the same on every server.
alter table people.person alter column number type text collate "C";
alter table people.person alter column phone type text collate "C";
alter table cards.card alter column uid type text collate "C";

alter table people.account_class
  add column version           bigint not null default 1 check (version > 0), -- of what terminals must know
  add column card_fee_fen      bigint not null default 0 check (card_fee_fen >= 0),
  add column deposit_fen       bigint not null default 0 check (deposit_fen >= 0),
  add column valid_days        int    check (valid_days > 0),
  add column valid_until       date,
  -- cards that are issued from the first to the second day all end on the third
  add column batch_starts      date,
  add column batch_ends        date,
  add column batch_expires     date,
  add column purses            text[] not null default '{cash,subsidy,bonus,water}',
  add column pin_above_fen     bigint check (pin_above_fen >= 0), -- null: never asked; 0: always
  add column overdraft_fen     bigint not null default 0 check (overdraft_fen >= 0),
  add column refund_cash       text   not null default 'pay_out',
  add column refund_subsidy    text   not null default 'forfeit',
  add column refund_bonus      text   not null default 'forfeit',
  add column refund_water      text   not null default 'pay_out',
  add column leaving_cash      text   not null default 'pay_out',
  add column leaving_subsidy   text   not null default 'forfeit',
  add column leaving_bonus     text   not null default 'forfeit',
  add column leaving_water     text   not null default 'pay_out',
  add constraint one_validity check (valid_days is null or valid_until is null),
  add constraint whole_batch check (
    num_nulls(batch_starts, batch_ends, batch_expires) in (0, 3)
    and (batch_starts is null or (batch_starts <= batch_ends and batch_ends <= batch_expires))),
  add constraint purses_known check (purses <@ '{cash,subsidy,bonus,water}' and cardinality(purses) > 0),
  add constraint drawing_is_allowed check (drawing <@ purses),
  add constraint fates_known check (
    array[refund_cash, refund_subsidy, refund_bonus, refund_water,
          leaving_cash, leaving_subsidy, leaving_bonus, leaving_water] <@ '{pay_out,keep,forfeit}');

-- discount (below zero) or surcharge by merchant and meal; null: at all of them
create table people.class_rate (
  tenant_id    bigint not null,
  id           bigint generated always as identity,
  class_id     bigint not null,
  merchant_id  bigint,
  meal         text,
  basis_points int    not null check (basis_points between -10000 and 10000 and basis_points <> 0),
  primary key (tenant_id, id),
  foreign key (tenant_id, class_id) references people.account_class (tenant_id, id) on delete cascade,
  foreign key (tenant_id, merchant_id) references consumption.merchant (tenant_id, id) on delete restrict,
  -- meals are replaced as a whole: what counts is that the name still exists afterwards
  foreign key (tenant_id, meal) references consumption.meal (tenant_id, name)
    deferrable initially deferred
);
create unique index class_rate_place on people.class_rate (tenant_id, class_id, merchant_id, meal)
  nulls not distinct;
create index class_rate_merchant on people.class_rate (tenant_id, merchant_id);
create index class_rate_meal on people.class_rate (tenant_id, meal);

-- money given for a purpose that may not be spent at a merchant
create table people.class_exclusion (
  tenant_id   bigint not null,
  class_id    bigint not null,
  merchant_id bigint not null,
  purse       text   not null check (purse in ('subsidy', 'bonus')),
  primary key (tenant_id, class_id, merchant_id, purse),
  foreign key (tenant_id, class_id) references people.account_class (tenant_id, id) on delete cascade,
  foreign key (tenant_id, merchant_id) references consumption.merchant (tenant_id, id) on delete restrict
);
create index class_exclusion_merchant on people.class_exclusion (tenant_id, merchant_id);

alter table people.person
  add column email          text check (email <> ''),
  add column entered_on     date,
  add column leaves_on      date,            -- expected
  add column left_on        date,            -- what happened
  add column remark         text   not null default '',
  add column custom         jsonb  not null default '{}', -- by id of people.field
  add column version        int    not null default 1,    -- what a form was opened on
  add column pinyin         text   collate "C" not null default '', -- order of names
  add column search_version smallint not null default 0,  -- of the keys in people.search_key
  add column erased_at      timestamptz,
  add constraint custom_is_object check (jsonb_typeof(custom) = 'object'),
  add constraint leaves_after_entering check (leaves_on >= entered_on),
  add constraint left_has_day check (state = 'left' or left_on is null);
create index person_pinyin on people.person (tenant_id, pinyin, id);
create index person_number on people.person (tenant_id, number, id) include (department_id);
create index person_entered on people.person (tenant_id, entered_on, id);
create index person_search_version on people.person (tenant_id, search_version);
drop index people.person_department;
create index person_department on people.person (tenant_id, department_id, state);
drop index people.person_class;
create index person_class on people.person (tenant_id, class_id, state);

-- What a person is found by besides number, phone and card: the name from each of its characters on, its
-- pinyin and the initials of that. One range of one index answers a search.
create table people.search_key (
  tenant_id bigint not null,
  person_id bigint not null,
  key       text   collate "C" not null check (key <> ''),
  primary key (tenant_id, person_id, key),
  foreign key (tenant_id, person_id) references people.person (tenant_id, id) on delete cascade
);
create index search_key_key on people.search_key (tenant_id, key) include (person_id);

create table people.field (
  tenant_id bigint   not null,
  id        bigint   generated always as identity,
  name      text     not null check (name <> ''),
  kind      text     not null check (kind in ('text', 'number', 'date', 'choice', 'yes')),
  choices   text[]   not null default '{}',
  required  boolean  not null default false,
  position  int      not null default 0,
  primary key (tenant_id, id),
  unique (tenant_id, name),
  constraint only_choices_have_choices check ((kind = 'choice') = (cardinality(choices) > 0))
);

create table people.photo (
  tenant_id  bigint   not null,
  person_id  bigint   not null,
  slot       smallint not null check (slot in (1, 2)),
  jpeg       bytea    not null check (octet_length(jpeg) between 1 and 204800),
  sha256     bytea    not null check (octet_length(sha256) = 32),
  width      int      not null check (width > 0),
  height     int      not null check (height > 0),
  findings   text[]   not null default '{}', -- of the face check; empty: fit for a face terminal
  face_use   boolean  not null default false, -- a face terminal may have it
  created_at timestamptz not null default now(),
  primary key (tenant_id, person_id, slot),
  foreign key (tenant_id, person_id) references people.person (tenant_id, id) on delete cascade
);
alter table people.photo alter column jpeg set storage external; -- compressed already

create table people.consent (
  tenant_id    bigint not null,
  id           bigint generated always as identity,
  person_id    bigint not null,
  purpose      text   not null check (purpose in ('face')),
  given_by     text   not null check (given_by in ('person', 'guardian')),
  giver        text   not null, -- empty after the person's data were erased
  text_version text   not null check (text_version <> ''),
  given_at     timestamptz not null default now(),
  withdrawn_at timestamptz check (withdrawn_at >= given_at),
  primary key (tenant_id, id),
  foreign key (tenant_id, person_id) references people.person (tenant_id, id) on delete cascade
);
create unique index consent_in_force on people.consent (tenant_id, person_id, purpose)
  where withdrawn_at is null;

-- How strict a tenant is about its personnel files; no row: as the columns' defaults.
create table people.policy (
  tenant_id   bigint not null,
  photo_check text   not null default 'warn' check (photo_check in ('warn', 'refuse')),
  primary key (tenant_id)
);
