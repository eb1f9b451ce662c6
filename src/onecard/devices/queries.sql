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

-- name: set_presence(tenant_id, device_id, boot, epoch, firmware, model, protocol, clock)!
insert into devices.presence as p (tenant_id, device_id, online, boot, epoch, firmware, model, protocol,
       clock, last_seen)
values (:tenant_id, :device_id, true, :boot, :epoch, :firmware, :model, :protocol, :clock, now())
on conflict (tenant_id, device_id) do update
   set online = true, boot = coalesce(excluded.boot, p.boot), epoch = coalesce(excluded.epoch, p.epoch),
       firmware = coalesce(excluded.firmware, p.firmware), model = coalesce(excluded.model, p.model),
       protocol = coalesce(excluded.protocol, p.protocol), clock = coalesce(excluded.clock, p.clock),
       last_seen = now();

-- name: set_offline(tenant_id, device_id)!
update devices.presence set online = false where tenant_id = :tenant_id and device_id = :device_id;

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

-- name: move_watermarks(tenant_id, devices, epochs, watermarks)!
update devices.epoch e set watermark = w.watermark, last_record_at = now()
  from unnest(:devices::bigint[], :epochs::bigint[], :watermarks::bigint[]) w (device_id, epoch, watermark)
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
