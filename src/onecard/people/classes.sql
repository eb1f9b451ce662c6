-- name: classes(tenant_id)
-- With their discounts and exclusions as JSON, and how many people who have not left live under each.
select c.id, c.number, c.name, c.version, c.drawing, c.floor_fen, c.transaction_limit_fen, c.meal_limit_fen,
       c.meal_limit_count, c.day_limit_fen, c.day_limit_count, c.cards_most, c.card_fee_fen, c.deposit_fen,
       c.valid_days, c.valid_until, c.batch_starts, c.batch_ends, c.batch_expires, c.purses, c.pin_above_fen,
       c.overdraft_fen, c.refund_cash, c.refund_subsidy, c.refund_bonus, c.refund_water, c.leaving_cash,
       c.leaving_subsidy, c.leaving_bonus, c.leaving_water,
       (select jsonb_agg(jsonb_build_array(r.merchant_id, r.meal, r.basis_points)
                         order by r.merchant_id nulls first, r.meal nulls first)
          from people.class_rate r where r.tenant_id = :tenant_id and r.class_id = c.id) as rates,
       (select jsonb_agg(jsonb_build_array(e.merchant_id, e.purse) order by e.merchant_id, e.purse)
          from people.class_exclusion e where e.tenant_id = :tenant_id and e.class_id = c.id) as exclusions
  from people.account_class c where c.tenant_id = :tenant_id order by c.number;

-- name: class_heads(tenant_id)
select class_id, count(*) as people
  from people.person where tenant_id = :tenant_id and state in ('active', 'suspended') group by class_id;

-- name: count_all_of_class(tenant_id, class_id)$
select count(*) from people.person where tenant_id = :tenant_id and class_id = :class_id;

-- name: lock_class(tenant_id, id)$
select version from people.account_class where tenant_id = :tenant_id and id = :id for no key update;

-- name: insert_class(tenant_id, version, draft)$
-- `draft`: a JSON object of the columns.
insert into people.account_class
       (tenant_id, version, number, name, drawing, floor_fen, transaction_limit_fen, meal_limit_fen,
        meal_limit_count, day_limit_fen, day_limit_count, cards_most, card_fee_fen, deposit_fen, valid_days,
        valid_until, batch_starts, batch_ends, batch_expires, purses, pin_above_fen, overdraft_fen,
        refund_cash, refund_subsidy, refund_bonus, refund_water, leaving_cash, leaving_subsidy, leaving_bonus,
        leaving_water)
select :tenant_id, :version, d.*
  from jsonb_to_record(:draft::jsonb) d (
        number int, name text, drawing text[], floor_fen bigint, transaction_limit_fen bigint,
        meal_limit_fen bigint, meal_limit_count int, day_limit_fen bigint, day_limit_count int,
        cards_most smallint, card_fee_fen bigint, deposit_fen bigint, valid_days int, valid_until date,
        batch_starts date, batch_ends date, batch_expires date, purses text[], pin_above_fen bigint,
        overdraft_fen bigint, refund_cash text, refund_subsidy text, refund_bonus text, refund_water text,
        leaving_cash text, leaving_subsidy text, leaving_bonus text, leaving_water text)
returning id;

-- name: change_class(tenant_id, id, version, draft)!
-- `draft` as for `insert_class`; the number never changes, because it is written on cards.
update people.account_class c
   set version = :version, name = d.name, drawing = d.drawing, floor_fen = d.floor_fen,
       transaction_limit_fen = d.transaction_limit_fen, meal_limit_fen = d.meal_limit_fen,
       meal_limit_count = d.meal_limit_count, day_limit_fen = d.day_limit_fen,
       day_limit_count = d.day_limit_count, cards_most = d.cards_most, card_fee_fen = d.card_fee_fen,
       deposit_fen = d.deposit_fen, valid_days = d.valid_days, valid_until = d.valid_until,
       batch_starts = d.batch_starts, batch_ends = d.batch_ends, batch_expires = d.batch_expires,
       purses = d.purses, pin_above_fen = d.pin_above_fen, overdraft_fen = d.overdraft_fen,
       refund_cash = d.refund_cash, refund_subsidy = d.refund_subsidy, refund_bonus = d.refund_bonus,
       refund_water = d.refund_water, leaving_cash = d.leaving_cash, leaving_subsidy = d.leaving_subsidy,
       leaving_bonus = d.leaving_bonus, leaving_water = d.leaving_water
  from jsonb_to_record(:draft::jsonb) d (
        name text, drawing text[], floor_fen bigint, transaction_limit_fen bigint,
        meal_limit_fen bigint, meal_limit_count int, day_limit_fen bigint, day_limit_count int,
        cards_most smallint, card_fee_fen bigint, deposit_fen bigint, valid_days int, valid_until date,
        batch_starts date, batch_ends date, batch_expires date, purses text[], pin_above_fen bigint,
        overdraft_fen bigint, refund_cash text, refund_subsidy text, refund_bonus text, refund_water text,
        leaving_cash text, leaving_subsidy text, leaving_bonus text, leaving_water text)
 where c.tenant_id = :tenant_id and c.id = :id;

-- name: delete_rates(tenant_id, class_id)!
delete from people.class_rate where tenant_id = :tenant_id and class_id = :class_id;

-- name: insert_rates(tenant_id, class_id, merchants, meals, rates)!
insert into people.class_rate (tenant_id, class_id, merchant_id, meal, basis_points)
select :tenant_id, :class_id, w.merchant_id, w.meal, w.rate
  from unnest(:merchants::bigint[], :meals::text[], :rates::int[]) w (merchant_id, meal, rate);

-- name: has_meals(tenant_id, names)$
-- Whether there is a meal of each of these names.
select cardinality(:names::text[])
       = (select count(*) from consumption.meal where tenant_id = :tenant_id and name = any (:names::text[]));

-- name: delete_exclusions(tenant_id, class_id)!
delete from people.class_exclusion where tenant_id = :tenant_id and class_id = :class_id;

-- name: insert_exclusions(tenant_id, class_id, merchants, purses)!
insert into people.class_exclusion (tenant_id, class_id, merchant_id, purse)
select :tenant_id, :class_id, w.merchant_id, w.purse
  from unnest(:merchants::bigint[], :purses::text[]) w (merchant_id, purse);

-- name: delete_class(tenant_id, id)!
delete from people.account_class where tenant_id = :tenant_id and id = :id;
