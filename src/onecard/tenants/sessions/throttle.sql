-- name: take(buckets, abouts, every, room, now)
-- Only buckets with an attempt left are returned. In the order of their keys, so that nobody deadlocks.
insert into tenants.throttle as t (bucket, about, every, room, full_at)
select u.bucket, u.about, u.every, u.room, :now::timestamptz + u.every
  from unnest(:buckets::bytea[], :abouts::bytea[], :every::interval[], :room::interval[])
       as u (bucket, about, every, room)
 order by u.bucket
on conflict (bucket) do update
   set full_at = greatest(t.full_at, :now::timestamptz) + excluded.every, every = excluded.every,
       room = excluded.room
 where greatest(t.full_at, :now::timestamptz) + excluded.every <= :now::timestamptz + excluded.room
returning bucket;

-- name: give_back(buckets)!
update tenants.throttle set full_at = full_at - every where bucket = any (:buckets::bytea[]);

-- name: wait(buckets, now)$
select max(full_at + every - room - :now::timestamptz) from tenants.throttle
 where bucket = any (:buckets::bytea[]);

-- name: forget(about)!
delete from tenants.throttle where about = :about;

-- name: forget_full(now)!
-- A full bucket says nothing; a few are cleared away with each attempt.
delete from tenants.throttle where bucket in (
  select bucket from tenants.throttle where full_at < :now order by full_at limit 20 for update skip locked
);
