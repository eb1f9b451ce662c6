-- what operators asked for that takes longer than a page may; who works on it is the queue's business
create schema jobs;

create table jobs.job (
  tenant_id   bigint      not null,
  id          bigint      generated always as identity,
  kind        text        not null check (kind <> ''),
  title       jsonb       not null,                     -- a text with its values, read in any language
  params      jsonb       not null default '{}',
  asked_by    text        not null check (asked_by <> ''),
  asked_from  text        not null default '',            -- where from, for the audit
  asked_at    timestamptz not null default now(),
  state       text        not null default 'queued'
    check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
  attempt     int         not null default 0,           -- only the newest attempt may change anything
  done        bigint      not null default 0,
  total       bigint      not null default 0,           -- 0: not known yet
  step        jsonb,                                    -- a text: what it is doing
  outcome     jsonb       not null default '{}',        -- counts
  detail      bytea,                                    -- sealed: what may name persons
  sentence    jsonb,                                    -- a text: how it ended
  cancel_wanted boolean   not null default false,
  started_at  timestamptz,
  seen_at     timestamptz,                              -- when its worker last said something
  ended_at    timestamptz,
  expires_at  timestamptz not null,                     -- files and detail are deleted then
  primary key (tenant_id, id),
  foreign key (tenant_id) references tenants.tenant (tenant_id) on delete restrict,
  check ((ended_at is not null) = (state in ('done', 'failed', 'cancelled')))
);
create index job_asked_by on jobs.job (tenant_id, asked_by, id);
create index job_expires on jobs.job (tenant_id, expires_at);

create table jobs.file (
  tenant_id   bigint      not null,
  job_id      bigint      not null,
  role        text        not null check (role in ('input', 'result')),
  name        text        not null check (name <> ''),
  media_type  text        not null,
  size        bigint      not null check (size >= 0),
  primary key (tenant_id, job_id, role),
  foreign key (tenant_id, job_id) references jobs.job (tenant_id, id) on delete cascade
);

-- a file's bytes in order, each piece sealed
create table jobs.piece (
  tenant_id   bigint      not null,
  job_id      bigint      not null,
  role        text        not null,
  position    bigint      not null,
  box         bytea       not null check (octet_length(box) <= 1048576),
  primary key (tenant_id, job_id, role, position),
  foreign key (tenant_id, job_id, role) references jobs.file (tenant_id, job_id, role) on delete cascade
);
-- sealed bytes do not compress
alter table jobs.piece alter column box set storage external;
