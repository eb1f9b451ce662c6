-- name: insert_device(tenant_id, token, sn, merchant_id, name, place, secret_hash)$
-- A retired device that is certified again keeps its id and with it its history.
insert into devices.device (tenant_id, token, sn, merchant_id, name, place, secret_hash)
values (:tenant_id, :token, :sn, :merchant_id, :name, :place, :secret_hash)
on conflict (tenant_id, sn) do update
   set merchant_id = excluded.merchant_id, name = excluded.name, place = excluded.place, state = 'certified',
       secret_hash = excluded.secret_hash, changed_at = now()
 where device.state = 'retired'
returning id;

-- name: claim_route(sn, token, tenant_id, device_id)$
-- Takes the serial number for a tenant, unless it is somebody's already.
insert into devices.route (sn, token, tenant_id, device_id) values (:sn, :token, :tenant_id, :device_id)
on conflict (sn) do update
   set tenant_id = excluded.tenant_id, device_id = excluded.device_id, state = 'certified', changed_at = now()
 where route.state = 'retired'
returning sn;

-- name: is_taken(token)$
select exists (select from devices.route where token = :token and state <> 'retired');

-- name: set_state(state, tenant_id, sn)$
update devices.device set state = :state, changed_at = now()
 where tenant_id = :tenant_id and sn = :sn and state <> 'retired' returning id;

-- name: set_route_state(state, tenant_id, sn)!
update devices.route set state = :state, changed_at = now() where tenant_id = :tenant_id and sn = :sn;

-- name: devices(tenant_id)
select d.id, d.token, d.sn, d.name, d.place, d.merchant_id, d.state, coalesce(p.online, false) as online,
       p.last_seen, p.firmware, p.model, e.epoch, e.watermark
  from devices.device d
  left join devices.presence p on p.tenant_id = d.tenant_id and p.device_id = d.id
  left join devices.epoch e on e.tenant_id = p.tenant_id and e.device_id = p.device_id and e.epoch = p.epoch
 where d.tenant_id = :tenant_id order by d.sn;

-- name: credentials(tenant_id, recent)
-- What gateways hold in memory; `recent`: only what changed in the last minute (longer than any transaction
-- here).
select id, token, state, merchant_id, secret_hash from devices.device
 where tenant_id = :tenant_id and (not :recent or changed_at > now() - interval '1 minute');

-- name: unwelcome(recent)
-- Devices that may not be connected; `recent` as above.
select tenant_id, token from devices.route
 where state <> 'certified' and (not :recent or changed_at > now() - interval '1 minute');

-- name: hello(sn, model, firmware, public_key, claim, most)^
-- A known candidate is brought up to date; a new one is taken while there is room.
insert into devices.candidate (sn, model, firmware, public_key, claim)
select :sn, :model, :firmware, :public_key::bytea, :claim
 where (select count(*) from devices.candidate) < :most
    or exists (select from devices.candidate where sn = :sn)
on conflict (sn) do update
   set model = excluded.model, firmware = excluded.firmware, claim = excluded.claim, last_seen = now(),
       public_key = case when candidate.state = 'ok' then candidate.public_key else excluded.public_key end
returning state, tenant_code, token, sealed_secret;

-- name: has_grant(sn)$
select exists (select from devices.candidate where sn = :sn and state = 'ok');

-- name: candidates()
select sn, model, firmware, claim, state, first_seen, last_seen
  from devices.candidate order by first_seen, sn;

-- name: reply_to(sn)^
select state, tenant_code, token, sealed_secret from devices.candidate where sn = :sn;

-- name: candidate_key(sn)$
select public_key from devices.candidate where sn = :sn for update;

-- name: grant_candidate(sn, tenant_code, token, sealed_secret)!
update devices.candidate
   set state = 'ok', tenant_code = :tenant_code, token = :token, sealed_secret = :sealed_secret
 where sn = :sn;

-- name: refuse_candidate(sn)$
update devices.candidate set state = 'no', tenant_code = null, token = null, sealed_secret = null
 where sn = :sn and state <> 'ok' returning sn;

-- name: forget_candidate(sn)!
delete from devices.candidate where sn = :sn;

-- name: forget_granted(token)!
-- The device has signed in with its own secret, so the sealed copy has done its work.
delete from devices.candidate where token = :token and state = 'ok';

-- name: set_presence(tenant_id, device_id, boot, epoch, firmware, model, protocol, clock, at)!
-- A farewell may overtake the announcement before it: then the later of the two says who is online.
insert into devices.presence as p (tenant_id, device_id, online, boot, epoch, firmware, model, protocol,
       clock, last_seen)
values (:tenant_id, :device_id, true, :boot, :epoch, :firmware, :model, :protocol, :clock, :at)
on conflict (tenant_id, device_id) do update
   set online = excluded.last_seen >= p.last_seen,
       boot = coalesce(excluded.boot, p.boot), epoch = coalesce(excluded.epoch, p.epoch),
       firmware = coalesce(excluded.firmware, p.firmware), model = coalesce(excluded.model, p.model),
       protocol = coalesce(excluded.protocol, p.protocol), clock = coalesce(excluded.clock, p.clock),
       last_seen = greatest(p.last_seen, excluded.last_seen)
 where excluded.last_seen >= p.last_seen or p.epoch is null;

-- name: set_offline(tenant_id, device_id, at)!
insert into devices.presence as p (tenant_id, device_id, online, last_seen)
values (:tenant_id, :device_id, false, :at)
on conflict (tenant_id, device_id) do update set online = false, last_seen = excluded.last_seen
 where p.online and excluded.last_seen >= p.last_seen;

-- name: open_store(tenant_id, device_id, epoch)$
-- 1 when the record store is new.
with opened as (
  insert into devices.epoch (tenant_id, device_id, epoch) values (:tenant_id, :device_id, :epoch)
  on conflict (tenant_id, device_id, epoch) do nothing returning 1)
select count(*) from opened;

-- name: stores(tenant_id, device_id)
select e.epoch, e.watermark, e.epoch = p.epoch as current
  from devices.epoch e
  left join devices.presence p on p.tenant_id = e.tenant_id and p.device_id = e.device_id
 where e.tenant_id = :tenant_id and e.device_id = :device_id;

-- name: watermark(tenant_id, device_id, epoch)$
select watermark from devices.epoch
 where tenant_id = :tenant_id and device_id = :device_id and epoch = :epoch;

-- name: lock_watermarks(tenant_id, devices, epochs)
-- In one order for everybody, so that two gateways never wait for each other in a circle.
select e.device_id, e.epoch, e.watermark from devices.epoch e
 where e.tenant_id = :tenant_id
   and (e.device_id, e.epoch) in (select * from unnest(:devices::bigint[], :epochs::bigint[]))
 order by e.device_id, e.epoch for update;

-- name: move_watermarks(tenant_id, devices, epochs, watermarks, said)!
update devices.epoch e
   set watermark = w.watermark, last_record_at = now(), said_at = now(),
       said = greatest(w.watermark, coalesce(w.said, e.said))
  from unnest(:devices::bigint[], :epochs::bigint[], :watermarks::bigint[], :said::bigint[])
       w (device_id, epoch, watermark, said)
 where e.tenant_id = :tenant_id and e.device_id = w.device_id and e.epoch = w.epoch;

-- name: digests(tenant_id, device_id, epoch, seqs)
select seq, digest from devices.record
 where tenant_id = :tenant_id and device_id = :device_id and epoch = :epoch and seq = any (:seqs::bigint[]);

-- name: insert_records(tenant_id, devices, epochs, seqs, kinds, times, statuses, keys, digests, contents)!
insert into devices.record
       (tenant_id, device_id, epoch, seq, kind, occurred_at, status, posting_key, digest, content)
select :tenant_id, device_id, epoch, seq, kind, occurred_at, status, posting_key, digest, content
  from unnest(:devices::bigint[], :epochs::bigint[], :seqs::bigint[], :kinds::text[], :times::timestamptz[],
              :statuses::smallint[], :keys::uuid[], :digests::bytea[], :contents::jsonb[])
       w (device_id, epoch, seq, kind, occurred_at, status, posting_key, digest, content);

-- name: quarantine(tenant_id, device_id, epoch, seqs, reasons, contents)$
-- What is there already is not put there again, so a terminal that repeats itself fills nothing. How many are
-- new.
with put as (
  insert into devices.quarantine (tenant_id, device_id, epoch, seq, reason, content)
  select :tenant_id, :device_id, :epoch, w.seq, w.reason, w.content
    from unnest(:seqs::bigint[], :reasons::text[], :contents::jsonb[]) w (seq, reason, content)
   where not exists (select from devices.quarantine q
                      where q.tenant_id = :tenant_id and q.device_id = :device_id and q.epoch = :epoch
                        and q.seq = w.seq and q.reason = w.reason and q.content = w.content)
  returning 1)
select count(*) from put;

-- name: quarantined(tenant_id)
select q.device_id, d.sn, q.epoch, q.seq, q.reason, q.content, q.received_at
  from devices.quarantine q
  join devices.device d on d.tenant_id = q.tenant_id and d.id = q.device_id
 where q.tenant_id = :tenant_id order by q.id;

-- name: note_last(tenant_id, device_id, epoch, said)!
update devices.epoch set said = greatest(watermark, :said), said_at = now()
 where tenant_id = :tenant_id and device_id = :device_id and epoch = :epoch;

-- name: store_states(tenant_id)
-- Record stores that may hold something, and devices that never announced one; what was written off is not
-- waited for.
select d.id as device_id, d.sn, d.name, d.place, d.merchant_id, d.state, coalesce(p.online, false) as online,
       e.epoch, coalesce(e.epoch = p.epoch, false) as current, coalesce(e.watermark, 0) as watermark, e.said,
       e.said_at, case when not p.online then p.last_seen end as offline_since
  from devices.device d
  left join devices.presence p on p.tenant_id = d.tenant_id and p.device_id = d.id
  left join devices.epoch e on e.tenant_id = d.tenant_id and e.device_id = d.id
 where d.tenant_id = :tenant_id and (d.state <> 'retired' or e.epoch is not null)
   and not exists (select from devices.write_off w
                    where w.tenant_id = :tenant_id and w.device_id = e.device_id and w.epoch = e.epoch)
 order by d.sn, e.opened_at;

-- name: insert_write_off(tenant_id, device_id, epoch, reason, first_actor, second_actor)$
-- Keeps what was known of the store at that moment; nothing when there is no such store.
insert into devices.write_off
       (tenant_id, device_id, epoch, watermark, said, reason, first_actor, second_actor)
select e.tenant_id, e.device_id, e.epoch, e.watermark, e.said, :reason, :first_actor, :second_actor
  from devices.epoch e
 where e.tenant_id = :tenant_id and e.device_id = :device_id and e.epoch = :epoch
returning epoch;

-- name: write_offs(tenant_id)
select device_id, epoch, watermark, said, reason, first_actor, second_actor, written_at
  from devices.write_off where tenant_id = :tenant_id order by written_at, device_id, epoch;

-- name: insert_change(tenant_id, dataset, version, op, key, content, digest, devices, reason)!
insert into devices.dataset_change (tenant_id, dataset, version, op, key, content, digest, devices, reason)
values (:tenant_id, :dataset, :version, :op, :key, :content::jsonb, :digest, :devices::bigint[], :reason);

-- name: changes_of(tenant_id, dataset, key)
-- Everything that ever happened to one key, oldest first.
select version, op, key, content, devices, reason, actor, changed_at from devices.dataset_change
 where tenant_id = :tenant_id and dataset = :dataset and key = :key order by version;

-- name: entries(tenant_id, dataset)
-- What is on the list for anybody.
with newest as (
  select distinct on (key) version, op, key, content, devices, reason, actor, changed_at
    from devices.dataset_change where tenant_id = :tenant_id and dataset = :dataset
   order by key, version desc)
select version, op, key, content, devices, reason, actor, changed_at from newest where op = '+' order by key;

-- name: list_states(tenant_id, dataset, device_id)
-- One device, or with null all that are not retired. A change for nobody is nobody's goal.
with goal as (
  select m.device_id, max(c.version) as version
    from devices.dataset_change c left join lateral unnest(c.devices) m (device_id) on true
   where c.tenant_id = :tenant_id and c.dataset = :dataset
     and (c.devices is null or m.device_id is not null)
   group by m.device_id)
select d.id as device_id, d.token, d.sn, d.name, d.place, d.merchant_id, d.state,
       coalesce(p.online, false) as online, p.last_seen,
       greatest(everybody.version, own.version, 0) as wanted, own.version is not null as named,
       coalesce(h.version, 0) as version, h.confirmed_at, coalesce(h.sent_version, 0) as sent_version,
       h.sent_at, h.next_at, coalesce(h.next_at <= now(), true) as ripe, h.resend_at, h.error, h.error_at
  from devices.device d
  left join devices.presence p on p.tenant_id = d.tenant_id and p.device_id = d.id
  left join devices.dataset_have h
    on h.tenant_id = d.tenant_id and h.device_id = d.id and h.dataset = :dataset
  left join goal everybody on everybody.device_id is null
  left join goal own on own.device_id = d.id
 where d.tenant_id = :tenant_id and d.state <> 'retired'
   and (:device_id::bigint is null or d.id = :device_id)
 order by d.sn;

-- name: ops(tenant_id, dataset, device_id, base, upto, after, most)
-- Newest change of each key between two versions as one device sees it (0: one without changes of its own);
-- from nothing, only what is on the list.
with newest as (
  select distinct on (key) version, op, key, content
    from devices.dataset_change
   where tenant_id = :tenant_id and dataset = :dataset and version <= :upto and key > :after
     and (devices is null or :device_id = any (devices))
   order by key, version desc)
select op, key, content from newest where version > :base and (op = '+' or :base > 0)
 order by key limit :most;

-- name: standing(tenant_id, dataset, device_id, version)^
-- The whole list at a version as one device sees it; a digest is unsigned, its column is not.
with newest as (
  select distinct on (key) op, digest
    from devices.dataset_change
   where tenant_id = :tenant_id and dataset = :dataset and version <= :version
     and (devices is null or :device_id = any (devices))
   order by key, version desc)
select count(*) as rows, coalesce(sum(digest), 0) as digest from newest where op = '+';

-- name: confirm(tenant_id, device_id, dataset, version, error, good, retry)!
-- `good`: it has the newest, so nothing is sent again; otherwise `retry`: later than last time.
insert into devices.dataset_have as h
       (tenant_id, device_id, dataset, version, confirmed_at, error, error_at, tries, next_at)
values (:tenant_id, :device_id, :dataset, :version, now(), :error::text,
        case when :error is not null then now() end, 0, case when :retry then now() + interval '1 second' end)
on conflict (tenant_id, device_id, dataset) do update
   set version = excluded.version, error = excluded.error, error_at = excluded.error_at,
       confirmed_at = case when h.version = excluded.version then coalesce(h.confirmed_at, now())
                           else now() end,
       resend_at = case when excluded.error is not null or h.sent_at is null or h.sent_at < h.resend_at
                        then h.resend_at end,
       tries = case when :good then 0 else h.tries end,
       next_at = case when :good then null
                      when :retry then now() + make_interval(secs => least(300, 2 ^ least(h.tries, 9)))
                      else h.next_at end;

-- name: mark_sent(tenant_id, dataset, devices, versions)!
-- The same again waits twice as long for its confirmation before it is sent once more.
insert into devices.dataset_have as h
       (tenant_id, device_id, dataset, sent_version, sent_at, tries, next_at)
select :tenant_id, w.device_id, :dataset, w.version, clock_timestamp(), 1, now() + interval '2 seconds'
  from unnest(:devices::bigint[], :versions::bigint[]) w (device_id, version)
on conflict (tenant_id, device_id, dataset) do update
   set sent_version = excluded.sent_version, sent_at = excluded.sent_at,
       tries = case when h.sent_version = excluded.sent_version then least(h.tries + 1, 9) else 1 end,
       next_at = now() + case when h.sent_version = excluded.sent_version
                              then make_interval(secs => least(300, 2 ^ least(h.tries + 1, 9)))
                              else interval '2 seconds' end;

-- name: ask_again(tenant_id, dataset, devices)!
insert into devices.dataset_have (tenant_id, device_id, dataset, resend_at)
select :tenant_id, d.id, :dataset, clock_timestamp()
  from devices.device d where d.tenant_id = :tenant_id and d.id = any (:devices::bigint[])
on conflict (tenant_id, device_id, dataset) do update
   set resend_at = excluded.resend_at, tries = 0, next_at = null;

-- name: wake(tenant_id, seconds)!
-- Gateways look at this tenant's lists after so many seconds, if not earlier. The row is written even if that
-- changes nothing: its lock keeps them from looking before this transaction can be seen.
insert into devices.dataset_due as d (tenant_id, next_at)
values (:tenant_id, now() + make_interval(secs => :seconds))
on conflict (tenant_id) do update set next_at = least(d.next_at, excluded.next_at);

-- name: claim_due(most, seconds)
-- One gateway takes a tenant; should it die, another takes it after so many seconds.
update devices.dataset_due set next_at = now() + make_interval(secs => :seconds)
 where tenant_id in (select tenant_id from devices.dataset_due where next_at <= now()
                      order by next_at limit :most for update skip locked)
returning tenant_id, next_at;

-- name: rest(tenant_id, claimed, next)!
-- Unless somebody has asked for an earlier look meanwhile.
update devices.dataset_due set next_at = coalesce(:next::timestamptz, 'infinity')
 where tenant_id = :tenant_id and next_at = :claimed;

-- name: prove_confirmed(tenant_id)^
-- No terminal counts as having a version of a list that was never meant for it.
with bad as (
  select h.device_id, h.version
    from devices.dataset_have h
   where h.tenant_id = :tenant_id
     and h.version > coalesce((select max(c.version) from devices.dataset_change c
                                where c.tenant_id = :tenant_id and c.dataset = h.dataset
                                  and (c.devices is null or h.device_id = any (c.devices))), 0))
select (select count(*) from devices.dataset_have where tenant_id = :tenant_id) as checked,
       (select format('device %s counts as having version %s of a list that has no such version', device_id,
                      version) from bad order by device_id limit 1) as wrong;
