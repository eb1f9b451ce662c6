-- Who is signed in, how it was proven, and what slows guessing down.

-- A sign-in and what became of it. The browser has the token, this table only its SHA-256.
create table tenants.session (
  tenant_id     bigint      not null,
  id            bigint      generated always as identity,
  operator_id   bigint      not null,
  token_hash    bytea       not null check (octet_length(token_hash) = 32),
  former_hash   bytea,                    -- of the token before; pages under way may still carry it
  former_until  timestamptz,
  state         text        not null check (state in ('pending', 'open', 'ended')),
  method        text        not null check (method in ('password', 'link', 'oidc')),
  second_factor text        check (second_factor in ('totp', 'recovery', 'passkey')),
  address       text        not null,
  agent         text        not null default '',
  began_at      timestamptz not null,
  seen_at       timestamptz not null,     -- to the minute
  idle_seconds  int         not null check (idle_seconds > 0),
  ends_at       timestamptz not null,     -- whatever happens
  confirmed_at  timestamptz,              -- when the operator last proved to be there
  password_at   timestamptz,              -- of the operator's password; another password ends the session
  ended_at      timestamptz,
  ended_by      text        not null default '',
  primary key (tenant_id, id),
  unique (tenant_id, token_hash),
  foreign key (tenant_id, operator_id) references tenants.operator (tenant_id, id) on delete cascade,
  check ((state = 'ended') = (ended_at is not null))
);
create index session_former on tenants.session (tenant_id, former_hash) where former_hash is not null;
create index session_operator on tenants.session (tenant_id, operator_id, state);

-- Where an operator signed in successfully: browsers (a long-lived cookie) and addresses. Strangers who guess
-- its password cannot keep it from signing in there.
create table tenants.known_place (
  tenant_id   bigint      not null,
  operator_id bigint      not null,
  kind        text        not null check (kind in ('device', 'address')),
  hash        bytea       not null check (octet_length(hash) = 32),
  seen_at     timestamptz not null,
  primary key (tenant_id, operator_id, kind, hash),
  foreign key (tenant_id, operator_id) references tenants.operator (tenant_id, id) on delete cascade
);
create index known_place_hash on tenants.known_place (tenant_id, hash);

-- Buckets of attempts; tenants, accounts and addresses appear as hashes only, known and unknown ones alike.
create table tenants.throttle (
  bucket  bytea       not null primary key,
  about   bytea       not null,           -- the account, so that unlocking it finds all its buckets
  every   interval    not null,           -- an attempt comes back each
  room    interval    not null,           -- attempts the bucket holds, times `every`
  full_at timestamptz not null            -- when all attempts are back
);
create index throttle_about on tenants.throttle (about);
create index throttle_full on tenants.throttle (full_at);

-- links that sign an operator in once
create table tenants.sign_in_link (
  tenant_id   bigint      not null,
  id          bigint      generated always as identity,
  operator_id bigint      not null,
  secret_hash bytea       not null check (octet_length(secret_hash) = 32),
  made_by     text        not null default current_setting('onecard.actor'),
  ends_at     timestamptz not null,
  used_at     timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, secret_hash),
  foreign key (tenant_id, operator_id) references tenants.operator (tenant_id, id) on delete cascade
);

-- second factors
create table tenants.totp (
  tenant_id    bigint      not null,
  operator_id  bigint      not null,
  secret_box   bytea       not null,
  last_step    bigint      not null default 0,   -- a code is good once
  confirmed_at timestamptz,                      -- null: shown, and no code came back yet
  created_at   timestamptz not null,
  primary key (tenant_id, operator_id),
  foreign key (tenant_id, operator_id) references tenants.operator (tenant_id, id) on delete cascade
);

create table tenants.recovery_code (
  tenant_id   bigint      not null,
  id          bigint      generated always as identity,
  operator_id bigint      not null,
  code_hash   bytea       not null check (octet_length(code_hash) = 32),
  used_at     timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, operator_id, code_hash),
  foreign key (tenant_id, operator_id) references tenants.operator (tenant_id, id) on delete cascade
);

create table tenants.passkey (
  tenant_id     bigint      not null,
  id            bigint      generated always as identity,
  operator_id   bigint      not null,
  credential    bytea       not null,
  public_key    bytea       not null,             -- COSE
  sign_count    bigint      not null check (sign_count >= 0),
  name          text        not null check (name <> ''),
  created_at    timestamptz not null,
  used_at       timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, credential),
  foreign key (tenant_id, operator_id) references tenants.operator (tenant_id, id) on delete cascade
);
create index passkey_operator on tenants.passkey (tenant_id, operator_id);

-- challenges that authenticators have still to sign
create table tenants.passkey_challenge (
  tenant_id   bigint      not null,
  challenge   bytea       not null,
  operator_id bigint      not null,
  purpose     text        not null check (purpose in ('register', 'prove')),
  ends_at     timestamptz not null,
  primary key (tenant_id, challenge),
  foreign key (tenant_id, operator_id) references tenants.operator (tenant_id, id) on delete cascade
);
create index passkey_challenge_operator on tenants.passkey_challenge (tenant_id, operator_id);

-- what one operator asks for and another decides
create table tenants.approval (
  tenant_id  bigint      not null,
  id         bigint      generated always as identity,
  function   text        not null,
  summary    jsonb       not null,               -- a text and its values, readable in every language
  payload    jsonb       not null,               -- what to do, for the function's own code
  state      text        not null default 'asked'
             check (state in ('asked', 'approved', 'refused', 'withdrawn', 'done')),
  asked_by   bigint      not null,
  asked_at   timestamptz not null,
  ends_at    timestamptz not null,
  decided_by bigint      check (decided_by <> asked_by),
  decided_at timestamptz,
  remark     text        not null default '',
  done_at    timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, asked_by) references tenants.operator (tenant_id, id) on delete restrict,
  foreign key (tenant_id, decided_by) references tenants.operator (tenant_id, id) on delete restrict,
  check ((decided_by is null) = (state in ('asked', 'withdrawn'))),
  check ((done_at is not null) = (state = 'done'))
);
create index approval_state on tenants.approval (tenant_id, state, ends_at);
create index approval_asked_by on tenants.approval (tenant_id, asked_by);

-- programs that use the API in the name of an operator
create table tenants.api_key (
  tenant_id      bigint      not null,
  id             bigint      generated always as identity,
  name           text        not null check (name <> ''),
  secret_hash    bytea       not null check (octet_length(secret_hash) = 32),
  operator_id    bigint      not null,           -- who made it; it never may more than this operator
  functions      text[]      not null,
  department_ids bigint[],                       -- null: whatever its operator sees
  created_at     timestamptz not null,
  ends_at        timestamptz,
  used_at        timestamptz,                    -- to the minute
  used_from      text        not null default '',
  revoked_at     timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, operator_id) references tenants.operator (tenant_id, id) on delete restrict
);
create unique index api_key_name on tenants.api_key (tenant_id, name) where revoked_at is null;
create index api_key_operator on tenants.api_key (tenant_id, operator_id);

-- answers to requests that named an idempotency key, so that a repetition gets the first answer
create table tenants.idempotency (
  tenant_id    bigint      not null,
  asker        text        not null,             -- `key:7`, `operator:12`
  key          text        not null check (key <> '' and length(key) <= 255),
  request      text        not null,             -- method and path
  content_hash bytea       not null,
  claim        uuid        not null,             -- of the process that works on it
  claim_until  timestamptz not null,
  status       smallint,                         -- null: no answer yet
  content_type text        not null default '',
  body         bytea,
  expires_at   timestamptz not null,
  primary key (tenant_id, asker, key),
  foreign key (tenant_id) references tenants.tenant (tenant_id) on delete restrict
);
create index idempotency_expires on tenants.idempotency (tenant_id, expires_at);
