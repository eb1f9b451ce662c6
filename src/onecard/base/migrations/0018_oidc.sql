-- Sign-in through a tenant's own provider (OpenID Connect).
create table tenants.oidc (
  tenant_id  bigint      not null primary key,
  issuer     text        not null check (issuer ~ '^https?://'),
  client     text        not null check (client <> ''),
  secret_box bytea,                              -- null: a public client, held by PKCE alone
  claim      text        not null check (claim <> ''),   -- which claim names the operator's account
  label      text        not null default '',    -- on the button
  enabled    boolean     not null default false,
  changed_at timestamptz not null default now(),
  foreign key (tenant_id) references tenants.tenant (tenant_id) on delete restrict
);

-- sign-ins that are at the provider; state, nonce and verifier follow from the secret in the browser's cookie
create table tenants.oidc_start (
  tenant_id    bigint      not null,
  secret_hash  bytea       not null check (octet_length(secret_hash) = 32),
  issuer       text        not null,
  redirect_uri text        not null,
  ends_at      timestamptz not null,
  primary key (tenant_id, secret_hash),
  foreign key (tenant_id) references tenants.tenant (tenant_id) on delete restrict
);
create index oidc_start_ends on tenants.oidc_start (tenant_id, ends_at);
