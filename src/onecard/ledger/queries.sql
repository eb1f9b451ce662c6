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

-- name: merchant_takings(tenant_id)
-- What merchants' books took in sales less reversals, by business day and meal.
select book, business_day, meal, sum(amount_fen)::bigint as amount_fen, sum(sales)::bigint as sales
  from (select credit_book as book, business_day, meal, amount_fen, (leg = 1)::int as sales
          from ledger.line where tenant_id = :tenant_id and kind = 1
        union all
        select debit_book, business_day, meal, -amount_fen, 0
          from ledger.line where tenant_id = :tenant_id and kind = 4) moved
 group by book, business_day, meal order by book, business_day, meal;
