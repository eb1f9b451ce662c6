-- name: open_accounts(tenant_id, ids)$
select ledger.open_accounts(:tenant_id, :ids);

-- name: open_book(tenant_id, kind)$
select ledger.open_book(:tenant_id, :kind);

-- name: own_books(tenant_id)
-- The tenant's own books (merchants' and drawers' included), oldest first.
select id, kind, balance_fen from ledger.book where tenant_id = :tenant_id and account_id is null order by id;

-- name: purses(tenant_id, accounts)
-- Purses and shortfall of some accounts.
select account_id, id, kind, balance_fen, held_fen from ledger.book
 where tenant_id = :tenant_id and account_id = any (:accounts) order by account_id, kind;

-- name: account_statuses(tenant_id, accounts)
select id, status from ledger.account where tenant_id = :tenant_id and id = any (:accounts);
