-- Lives of cards, and what desks do to them.
alter table cards.card
  drop constraint card_state_check,
  add constraint card_state_check check (
    state in ('issuing', 'active', 'frozen', 'damaged', 'lost', 'cancelled', 'returned', 'void')
  ),
  -- plastic lives more than once: each life is a row, and history keeps pointing at the life it belongs to
  drop constraint card_tenant_id_uid_key,
  add column number      int check (number between 1 and 999999),
  add column valid_until date,
  add column fee_fen     bigint not null default 0 check (fee_fen >= 0),
  add column deposit_fen bigint not null default 0 check (deposit_fen >= 0),
  add unique (tenant_id, uid, generation);
drop index cards.card_one_per_person;
create index card_uid on cards.card (tenant_id, uid);
create index card_person on cards.card (tenant_id, person_id);
create unique index card_living_uid on cards.card (tenant_id, uid)
  where state not in ('cancelled', 'returned', 'void');
create unique index card_living_number on cards.card (tenant_id, number)
  where state not in ('cancelled', 'returned', 'void');

-- What a desk last knew of a purse on a card; a card that says less, or other things, is not the one it was.
create table cards.purse (
  tenant_id   bigint   not null,
  card_id     bigint   not null,
  role        smallint not null check (role in (1, 2)),   -- consumption, water
  counter     int      not null check (counter >= 0),
  desk_seq    smallint not null check (desk_seq between 0 and 4095),
  cash_fen    bigint   not null check (cash_fen >= 0),
  subsidy_fen bigint   not null check (subsidy_fen >= 0),
  seen_at     timestamptz not null default now(),
  primary key (tenant_id, card_id, role),
  foreign key (tenant_id, card_id) references cards.card (tenant_id, id) on delete restrict
);

-- Plastic that was bought: what is not in it is unknown stock. A dead chip is never issued again.
create table cards.stock (
  tenant_id  bigint not null,
  uid        text   not null check (uid ~ '^([0-9A-F]{8}|[0-9A-F]{14})$'),
  box        text   not null check (box <> ''),
  state      text   not null default 'good' check (state in ('good', 'dead', 'imitation')),
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  primary key (tenant_id, uid),
  foreign key (tenant_id) references tenants.tenant (tenant_id) on delete restrict
);
create table cards.box (
  tenant_id  bigint not null,
  name       text   not null check (name <> ''),
  first_uid  text   not null check (first_uid ~ '^([0-9A-F]{8}|[0-9A-F]{14})$'),
  last_uid   text   not null check (last_uid ~ '^([0-9A-F]{8}|[0-9A-F]{14})$'),
  created_at timestamptz not null default now(),
  primary key (tenant_id, name),
  check (length(first_uid) = length(last_uid) and first_uid <= last_uid),
  foreign key (tenant_id) references tenants.tenant (tenant_id) on delete restrict
);

-- Which tenants a UID lives with: a neighbour's card can be told from a foreign one. No person, no keys.
create table cards.route (
  uid       text   not null,
  tenant_id bigint not null,
  primary key (uid, tenant_id)
);

alter table people.account_class add column cards_most smallint not null default 1 check (cards_most > 0);

create schema desk;

-- Cash lies in one drawer for each desk.
create table desk.drawer (
  tenant_id bigint not null,
  desk      text   not null check (desk <> ''),
  book_id   bigint not null,
  primary key (tenant_id, desk),
  foreign key (tenant_id, book_id) references ledger.book (tenant_id, id) on delete restrict
);

-- Every act of a desk on a card or account; written before the card is touched.
create table desk.operation (
  tenant_id   bigint not null,
  id          bigint generated always as identity,
  kind        text   not null check (kind <> ''),
  state       text   not null check (state in
                ('prepared', 'writing', 'confirmed', 'void', 'in_doubt', 'broken')),
  account_id  bigint,                                      -- null: plastic of nobody
  card_id     bigint,
  uid         text check (uid ~ '^([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$'),
  generation  smallint,
  key_version smallint,
  desk        text   not null check (desk <> ''),
  actor       text   not null check (actor <> ''),
  reason      text   not null default '',
  amount_fen  bigint not null default 0,                   -- what the person sees: above zero to the person
  before      jsonb  not null default '{}',
  after       jsonb  not null default '{}',
  trouble     text   not null default '',                  -- why a person has to look
  follows     bigint,                                      -- the operation this one continues
  lease_until timestamptz not null,                        -- until then the desk is at it
  created_at  timestamptz not null default now(),
  changed_at  timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, account_id) references people.person (tenant_id, id) on delete restrict,
  foreign key (tenant_id, card_id) references cards.card (tenant_id, id) on delete restrict,
  foreign key (tenant_id, follows) references desk.operation (tenant_id, id) on delete restrict
);
-- two desks never act on one account or card at once
create unique index operation_of_account on desk.operation (tenant_id, account_id)
  where state in ('prepared', 'writing');
create unique index operation_of_card on desk.operation (tenant_id, uid)
  where state in ('prepared', 'writing', 'in_doubt');
create index operation_open on desk.operation (tenant_id, state) where state in
  ('prepared', 'writing', 'in_doubt', 'broken');
create index operation_latest on desk.operation (tenant_id, created_at);

-- What an operation is made of, in order. A part with money is confirmed by its posting: the posting's
-- transaction is the one in which money moves, and the database lets no part say confirmed without it.
create table desk.part (
  tenant_id    bigint   not null,
  operation_id bigint   not null,
  n            smallint not null check (n >= 0),
  kind         text     not null,
  state        text     not null default 'planned' check (state in
                 ('planned', 'confirmed', 'void', 'in_doubt', 'broken')),
  body         jsonb    not null,
  has_money    boolean  not null,
  posting_key  uuid,                                       -- of what confirmed it
  posting_leg  smallint generated always as (case when posting_key is null then null else 1 end) stored,
  primary key (tenant_id, operation_id, n),
  foreign key (tenant_id, operation_id) references desk.operation (tenant_id, id) on delete restrict,
  foreign key (tenant_id, posting_key, posting_leg) references ledger.line (tenant_id, key, leg)
    on delete restrict,
  check (not (state = 'confirmed' and has_money and posting_key is null))
);

-- Money that stands at the server for a stored card that was not there to take it.
create table desk.load (
  tenant_id    bigint   not null,
  id           bigint   generated always as identity,
  account_id   bigint   not null,
  role         smallint not null check (role in (1, 2)),
  cash_fen     bigint   not null default 0,
  subsidy_fen  bigint   not null default 0,
  reason       text     not null,
  operation_id bigint,                                     -- that wrote, or writes, it to a card
  created_at   timestamptz not null default now(),
  primary key (tenant_id, id),
  check (cash_fen <> 0 or subsidy_fen <> 0),
  foreign key (tenant_id, account_id) references people.person (tenant_id, id) on delete restrict,
  foreign key (tenant_id, operation_id) references desk.operation (tenant_id, id) on delete restrict
);
create index load_waiting on desk.load (tenant_id, account_id) where operation_id is null;
