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

-- name: takings(tenant_id, merchant_kind, business_day)
-- Of one business day by merchant's book and meal: number of sales, and money taken less what was given back.
select b.id book_id, l.meal, count(distinct l.key) filter (where l.credit_book = b.id) sales,
       sum(case when l.credit_book = b.id then l.amount_fen else -l.amount_fen end)::bigint amount_fen
  from ledger.book b
  join ledger.line l on l.tenant_id = b.tenant_id and (l.credit_book = b.id or l.debit_book = b.id)
 where b.tenant_id = :tenant_id and b.kind = :merchant_kind and l.business_day = :business_day
 group by b.id, l.meal order by b.id, l.meal;
