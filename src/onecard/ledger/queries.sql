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

-- name: money_moved(tenant_id)$
select exists (select from ledger.line where tenant_id = :tenant_id);

-- name: merchant_takings(tenant_id)
-- What merchants' books took in sales less reversals, by business day and meal.
select book, business_day, meal, sum(amount_fen)::bigint as amount_fen, sum(sales)::bigint as sales
  from (select credit_book as book, business_day, meal, amount_fen, (leg = 1)::int as sales
          from ledger.line where tenant_id = :tenant_id and kind = 1
        union all
        select debit_book, business_day, meal, -amount_fen, 0
          from ledger.line where tenant_id = :tenant_id and kind = 4) moved
 group by book, business_day, meal order by book, business_day, meal;

-- name: prove_lines(tenant_id)^
-- Each line moves money between two books of this tenant and numbers the change of each guarded one.
with bad as (
  select l.batch, l.position, l.key, l.leg
    from ledger.line l
    left join ledger.book d on d.tenant_id = l.tenant_id and d.id = l.debit_book
    left join ledger.book c on c.tenant_id = l.tenant_id and c.id = l.credit_book
   where l.tenant_id = :tenant_id
     and (d.id is null or c.id is null or l.amount_fen <= 0 or l.debit_book = l.credit_book
          or (d.account_id is not null) <> (l.debit_seq is not null)
          or (c.account_id is not null) <> (l.credit_seq is not null)))
select (select count(*) from ledger.line where tenant_id = :tenant_id) as checked,
       (select format('line %s/%s (batch %s) names an impossible book or amount', key, leg, batch)
          from bad order by batch, position limit 1) as wrong;

-- name: prove_balances(tenant_id)^
-- Each book's balance is the sum of its lines.
with moved as (
  select book, sum(delta) as total
    from (select debit_book as book, -amount_fen as delta from ledger.line where tenant_id = :tenant_id
          union all
          select credit_book, amount_fen from ledger.line where tenant_id = :tenant_id) m
   group by book),
bad as (
  select b.id, b.balance_fen, coalesce(m.total, 0) as total
    from ledger.book b left join moved m on m.book = b.id
   where b.tenant_id = :tenant_id and b.balance_fen <> coalesce(m.total, 0))
select (select count(*) from ledger.book where tenant_id = :tenant_id) as checked,
       (select format('book %s holds %s fen, its lines add up to %s', id, balance_fen, total)
          from bad order by id limit 1) as wrong;

-- name: prove_histories(tenant_id)^
-- Each guarded book's history chains: after = before + change, the last after is the balance, no change is
-- missing.
with change as (
  select debit_book as book, debit_seq as seq, debit_balance_fen as after, -amount_fen as delta, key, leg
    from ledger.line where tenant_id = :tenant_id and debit_seq is not null
  union all
  select credit_book, credit_seq, credit_balance_fen, amount_fen, key, leg
    from ledger.line where tenant_id = :tenant_id and credit_seq is not null),
walked as (
  select book, seq, key, leg, after, coalesce(lag(after) over w, 0) + delta as expected
    from change window w as (partition by book order by seq)),
broken as (
  select book, seq,
         format('line %s/%s leaves book %s at %s fen instead of %s', key, leg, book, after, expected) as says
    from walked where after <> expected),
ends as (
  select c.book, max(c.seq) as last_seq, count(*) as changes,
         (array_agg(c.after order by c.seq desc))[1] as after
    from change c group by c.book),
holds as (
  select h.book_id as book, count(*) + count(*) filter (where h.state <> 'open') as changes
    from ledger.hold h where h.tenant_id = :tenant_id group by h.book_id),
states as (
  select b.id as book, count(*) as changes
    from ledger.account_change c
    join ledger.book b on b.tenant_id = c.tenant_id and b.account_id = c.account_id and b.kind = 1
   where c.tenant_id = :tenant_id group by b.id),
counted as (
  select b.id as book, coalesce(e.changes, 0) + coalesce(h.changes, 0) + coalesce(s.changes, 0) as changes
    from ledger.book b left join ends e on e.book = b.id left join holds h on h.book = b.id
    left join states s on s.book = b.id
   where b.tenant_id = :tenant_id and b.account_id is not null),
cut as (
  select b.id as book, b.seq,
         format('book %s counts %s changes and %s fen, its history %s and %s', b.id, b.seq, b.balance_fen,
                n.changes, coalesce(e.after, 0)) as says
    from ledger.book b join counted n on n.book = b.id left join ends e on e.book = b.id
   where b.tenant_id = :tenant_id
     and (b.balance_fen <> coalesce(e.after, 0) or b.seq <> n.changes or coalesce(e.last_seq, 0) > b.seq)),
bad as (select * from broken union all select * from cut)
select (select count(*) from change) as checked, (select says from bad order by book, seq limit 1) as wrong;

-- name: prove_conservation(tenant_id)^
-- All balances of the tenant add up to zero.
select count(*) as checked,
       case when sum(balance_fen) <> 0
            then format('all balances add up to %s fen', sum(balance_fen)) end as wrong
  from ledger.book where tenant_id = :tenant_id;

-- name: prove_floors(tenant_id)^
-- No purse is below what it may be, nothing is owed the wrong way round, and what is held is what open holds
-- say.
with open as (
  select book_id, sum(amount_fen) as held from ledger.hold
   where tenant_id = :tenant_id and state = 'open' group by book_id),
bad as (
  select b.id, b.balance_fen, b.held_fen, coalesce(o.held, 0) as expected
    from ledger.book b left join open o on o.book_id = b.id
   where b.tenant_id = :tenant_id
     and (b.balance_fen - b.held_fen < b.floor_fen or (b.kind = 5 and b.balance_fen > 0)
          or (b.kind < 5 and b.floor_fen is null) or b.held_fen <> coalesce(o.held, 0)))
select (select count(*) from ledger.book where tenant_id = :tenant_id and account_id is not null) as checked,
       (select format('book %s has %s fen with %s held; open holds say %s',
                      id, balance_fen, held_fen, expected)
          from bad order by id limit 1) as wrong;

-- name: prove_keys(tenant_id)^
-- A key is posted once or refused once, never both; the lines of a posting are numbered 1, 2, … and agree.
with posting as (
  select key, count(*) as legs, max(leg) as last_leg, min(fingerprint) as first_print,
         max(fingerprint) as last_print
    from ledger.line where tenant_id = :tenant_id group by key),
bad as (
  select p.key, 'its lines are incomplete or disagree' as says from posting p
   where p.legs <> p.last_leg or p.first_print <> p.last_print
  union all
  select r.key, 'it is refused and posted' from ledger.refusal r join posting p on p.key = r.key
   where r.tenant_id = :tenant_id
  union all
  select r.key, 'it is refused and held' from ledger.refusal r
    join ledger.hold h on h.tenant_id = r.tenant_id and h.key = r.key where r.tenant_id = :tenant_id)
select (select count(*) from posting)
         + (select count(*) from ledger.refusal where tenant_id = :tenant_id) as checked,
       (select format('key %s: %s', key, says) from bad order by key limit 1) as wrong;

-- name: prove_corrections(tenant_id)^
-- What was given back points at a sale, adds up to at most the whole, and went to the books it came from.
with sale as (
  select key, sum(amount_fen) as total from ledger.line
   where tenant_id = :tenant_id and kind = 1 group by key),
given as (
  select original_key, sum(amount_fen) as total, max(sum_after_fen) as last_sum, count(*) as times,
         max(number) as last_number
    from ledger.reversal where tenant_id = :tenant_id group by original_key),
back as (
  select key, sum(amount_fen) as total from ledger.line
   where tenant_id = :tenant_id and kind = 4 group by key),
by_book as (
  select r.original_key, l.credit_book as book, sum(l.amount_fen) as total
    from ledger.reversal r join ledger.line l on l.tenant_id = r.tenant_id and l.key = r.key and l.kind = 4
   where r.tenant_id = :tenant_id group by r.original_key, l.credit_book),
taken as (
  select key, debit_book as book, sum(amount_fen) as total
    from ledger.line where tenant_id = :tenant_id and kind = 1 group by key, debit_book),
bad as (
  select g.original_key as key, 'more or otherwise given back than taken' as says
    from given g left join sale s on s.key = g.original_key
   where s.key is null or g.total > s.total or g.total <> g.last_sum or g.times <> g.last_number
  union all
  select r.key, 'a reversal whose lines are not its amount'
    from ledger.reversal r left join back b on b.key = r.key
   where r.tenant_id = :tenant_id and r.amount_fen is distinct from b.total
  union all
  select b.key, 'a reversal of nothing' from back b
   where not exists (select from ledger.reversal r where r.tenant_id = :tenant_id and r.key = b.key)
  union all
  select b.original_key, 'given back to another book than it came from'
    from by_book b left join taken t on t.key = b.original_key and t.book = b.book
   where b.total > coalesce(t.total, 0))
select (select count(*) from ledger.reversal where tenant_id = :tenant_id) as checked,
       (select format('key %s: %s', key, says) from bad order by key limit 1) as wrong;

-- name: prove_counters(tenant_id)^
-- The limits' counters equal a recount of the sales of their day and meal, less what was given back of these.
with counted as (
  select id, usage_period / 100 as day, usage_period % 100 as meal, usage_day_fen, usage_day_count,
         usage_meal_fen,
         usage_meal_count
    from ledger.book where tenant_id = :tenant_id and usage_period > 0),
sold as (
  select l.debit_book as book, to_char(l.business_day, 'YYYYMMDD')::bigint as day, l.meal, l.amount_fen,
         (l.leg = 1)::int as sales
    from ledger.line l where l.tenant_id = :tenant_id and l.kind = 1
  union all
  select l.credit_book, to_char(o.business_day, 'YYYYMMDD')::bigint, o.meal, -l.amount_fen, 0
    from ledger.line l
    join ledger.reversal r on r.tenant_id = l.tenant_id and r.key = l.key
    join ledger.line o on o.tenant_id = r.tenant_id and o.key = r.original_key and o.leg = 1
   where l.tenant_id = :tenant_id and l.kind = 4
  union all
  select o.debit_book, to_char(o.business_day, 'YYYYMMDD')::bigint, o.meal, 0, -1
    from ledger.reversal r
    join ledger.line o on o.tenant_id = r.tenant_id and o.key = r.original_key and o.leg = 1
   where r.tenant_id = :tenant_id and r.sum_after_fen = r.original_fen),
recount as (
  select c.id, coalesce(sum(s.amount_fen), 0) as day_fen, coalesce(sum(s.sales), 0) as day_count,
         coalesce(sum(s.amount_fen) filter (where s.meal = c.meal), 0) as meal_fen,
         coalesce(sum(s.sales) filter (where s.meal = c.meal), 0) as meal_count
    from counted c left join sold s on s.book = c.id and s.day = c.day group by c.id),
bad as (
  select c.id, c.usage_day_fen, c.usage_day_count, r.day_fen, r.day_count
    from counted c join recount r on r.id = c.id
   where (c.usage_day_fen, c.usage_day_count, c.usage_meal_fen, c.usage_meal_count)
         is distinct from (r.day_fen, r.day_count, r.meal_fen, r.meal_count))
select (select count(*) from counted) as checked,
       (select format('book %s counts %s fen in %s sales of its day, a recount %s in %s', id, usage_day_fen,
                      usage_day_count, day_fen, day_count) from bad order by id limit 1) as wrong;

-- name: statement(tenant_id, account_id, most)
-- An account's latest lines, newest first: what moved, on which purse, and its balance after.
select l.occurred_at, l.business_day, l.kind, b.kind as purse,
       case when l.debit_book = b.id then -l.amount_fen else l.amount_fen end as amount_fen,
       case when l.debit_book = b.id then l.debit_balance_fen else l.credit_balance_fen end as balance_fen,
       l.key, m.memo
  from ledger.book b
  join ledger.line l on l.tenant_id = b.tenant_id and b.id in (l.debit_book, l.credit_book)
  left join ledger.memo m on m.tenant_id = l.tenant_id and m.key = l.key
 where b.tenant_id = :tenant_id and b.account_id = :account_id
 order by l.batch desc, l.position desc limit :most;
