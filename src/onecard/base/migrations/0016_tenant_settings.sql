-- What a tenant decides for itself. Without a row it has the defaults of the columns, which are those of
-- tenants/settings/model.py; a test compares them.
create table tenants.settings (
  tenant_id        bigint  not null primary key,
  idle_minutes     int     not null default 30 check (idle_minutes between 1 and 1440),
  absolute_minutes int     not null default 720 check (absolute_minutes between idle_minutes and 10080),
  second_factor    text    not null default 'nobody'
                   check (second_factor in ('nobody', 'dangerous', 'everybody')),
  approvals        text[]  not null default '{}',     -- functions that a second operator must approve
  password_sign_in boolean not null default true,     -- beside a provider's sign-in
  photo_days       int     not null default 30 check (photo_days between 0 and 36500),
  id_number_days   int     not null default 180 check (id_number_days between 0 and 36500),
  holder_language  text    check (holder_language in ('zh-CN', 'en')),
  receipt_footer   text    not null default '',
  changed_at       timestamptz not null default now()
);

-- apart, so that the settings stay small to read
create table tenants.logo (
  tenant_id  bigint      not null primary key,
  png        bytea       not null check (octet_length(png) <= 102400),
  width      int         not null,
  height     int         not null,
  digest     text        not null,                    -- of the bytes; changes its address
  changed_at timestamptz not null default now()
);
