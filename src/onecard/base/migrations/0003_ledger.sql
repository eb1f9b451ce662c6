-- The ledger (docs/internals/ledger.md). Only the posting functions write here; nobody may change history.
create schema ledger;

-- columns of a batch on their way in (see wire.py)
create domain ledger.bigints as bigint[];
create domain ledger.uuids as uuid[];

-- one row per shard: who may write (lease, fencing epoch), the last batch, the head of the hash chain
create table ledger.head (
  shard      int         not null primary key,
  epoch      bigint      not null default 0,
  holder     text,
  held_until timestamptz not null default '-infinity',
  last_batch bigint      not null default 0,
  hash       bytea       not null default '\x'::bytea
);
insert into ledger.head (shard) values (1);

create table ledger.batch (
  shard  int         not null,
  id     bigint      not null,
  epoch  bigint      not null,
  lines  int         not null,
  digest bytea       not null,   -- SHA-256 over the batch's lines
  hash   bytea       not null,   -- SHA-256 over the previous batch's hash and this digest
  at     timestamptz not null,   -- recorded-at of every line of the batch
  primary key (shard, id)
);

create table ledger.account (
  tenant_id bigint not null,
  id        bigint not null,
  status    text   not null default 'open' check (status in ('open', 'frozen', 'closed')),
  opened_at timestamptz not null default now(),
  primary key (tenant_id, id)
);

-- A book is one running balance: a purse of an account, or one of the tenant's own books.
-- Purses are guarded: each change names the seq it starts from. The tenant's books only add up.
create table ledger.book (
  tenant_id   bigint   not null,
  id          bigint   generated always as identity,
  account_id  bigint,
  kind        smallint not null,
  floor_fen   bigint,                          -- null: may go below zero
  balance_fen bigint   not null default 0,     -- credits minus debits
  held_fen    bigint   not null default 0,
  seq         bigint   not null default 0,     -- number of changes
  -- what was drawn in the newest business day and meal seen: usage_period is yyyymmdd * 100 + meal
  usage_period     bigint not null default 0,
  usage_day_fen    bigint not null default 0,
  usage_day_count  int    not null default 0,
  usage_meal_fen   bigint not null default 0,
  usage_meal_count int    not null default 0,
  primary key (tenant_id, id),
  foreign key (tenant_id, account_id) references ledger.account (tenant_id, id) on delete restrict,
  -- one constraint, because each is read and prepared anew by every statement that posts
  constraint floor_held check (held_fen >= 0 and (floor_fen is null or balance_fen - held_fen >= floor_fen))
) with (fillfactor = 60);
create unique index book_purse on ledger.book (tenant_id, account_id, kind) where account_id is not null;

-- One line is one balanced movement of money; the lines of one key are one posting.
-- No foreign keys here: measured, they cost +74 % of the posting; posting function and proofs guard it.
create table ledger.line (
  tenant_id  bigint   not null,
  key        uuid     not null,                -- made by whoever asked for the posting
  leg        smallint not null,                -- 1, 2, … within the posting
  batch      bigint   not null,
  position   int      not null,                -- order within the batch
  kind       smallint not null,
  debit_book  bigint  not null,
  credit_book bigint  not null,
  amount_fen  bigint  not null,
  debit_seq   bigint, debit_balance_fen  bigint,   -- number and balance after this change; guarded books only
  credit_seq  bigint, credit_balance_fen bigint,
  business_day date     not null,
  meal         smallint not null,
  occurred_at  timestamptz not null,
  source       smallint not null,
  source_id    bigint   not null,
  card_id      bigint,
  fingerprint  bigint   not null,              -- of the request's content: a repeated key must bring the same
  constraint moves_money check (amount_fen > 0 and debit_book <> credit_book),
  primary key (tenant_id, key, leg)
);
create unique index line_debit on ledger.line (tenant_id, debit_book, debit_seq)
  where debit_seq is not null;
create unique index line_credit on ledger.line (tenant_id, credit_book, credit_seq)
  where credit_seq is not null;
create index line_batch on ledger.line using brin (batch) with (pages_per_range = 32);
create index line_day on ledger.line using brin (business_day) with (pages_per_range = 32);

-- each freezing, opening and closing of an account; what a repeated key is compared with
create table ledger.account_change (
  tenant_id   bigint not null,
  key         uuid   not null,
  account_id  bigint not null,
  status      text   not null,
  fingerprint bigint not null,
  batch       bigint not null,
  primary key (tenant_id, key)
);

-- what somebody noted with a posting
create table ledger.memo (
  tenant_id bigint not null,
  key       uuid   not null,
  memo      text   not null,
  primary key (tenant_id, key)
);

-- a key that was refused stays refused
create table ledger.refusal (
  tenant_id   bigint   not null,
  key         uuid     not null,
  fingerprint bigint   not null,
  status      smallint not null check (status > 0),
  account_id  bigint,
  needed_fen    bigint, available_fen bigint,
  limit_value   bigint, used_value    bigint,
  batch       bigint   not null,
  primary key (tenant_id, key)
);

create table ledger.hold (
  tenant_id    bigint   not null,
  key          uuid     not null,
  leg          smallint not null,
  account_id   bigint   not null,
  book_id      bigint   not null,
  amount_fen   bigint   not null check (amount_fen > 0),
  state        text     not null default 'open' check (state in ('open', 'captured', 'released', 'expired')),
  closed_by    uuid,
  expires_at   timestamptz not null,
  fingerprint  bigint   not null,
  batch        bigint   not null,
  primary key (tenant_id, key, leg)
);
create index hold_open on ledger.hold (tenant_id, expires_at) where state = 'open';
create index hold_closed_by on ledger.hold (tenant_id, closed_by) where closed_by is not null;

-- what was given back of an original; never more than it took
create table ledger.reversal (
  tenant_id     bigint not null,
  original_key  uuid   not null,
  number        int    not null,
  key           uuid   not null,
  amount_fen    bigint not null check (amount_fen > 0),
  sum_after_fen bigint not null,
  original_fen  bigint not null,
  batch         bigint not null,
  primary key (tenant_id, original_key, number),
  unique (tenant_id, key),
  constraint never_more_than_the_whole check (sum_after_fen <= original_fen)
);
