-- name: prove_records(tenant_id)^
-- Every record that was posted has its lines, every sale either has or says why not, each line set one
-- record.
with bad as (
  select r.device_id, r.epoch, r.seq, 'says it was posted, but the ledger has no such posting' as says
    from devices.record r
   where r.tenant_id = :tenant_id and r.posting_key is not null and r.status = 0
     and not exists (select from ledger.line l where l.tenant_id = :tenant_id and l.key = r.posting_key)
  union all
  select min(r.device_id), min(r.epoch), min(r.seq), 'is one of several records of one posting'
    from devices.record r where r.tenant_id = :tenant_id and r.posting_key is not null and r.status = 0
   group by r.posting_key having count(*) > 1
  union all
  select r.device_id, r.epoch, r.seq, 'came to nothing and is not in quarantine'
    from devices.record r
   where r.tenant_id = :tenant_id and r.status <> 0
     and not exists (select from devices.quarantine q
                      where q.tenant_id = :tenant_id and q.device_id = r.device_id
                        and q.epoch = r.epoch and q.seq = r.seq))
select (select count(*) from devices.record where tenant_id = :tenant_id) as checked,
       (select format('record %s of store %s of device %s %s', seq, epoch, device_id, says)
          from bad order by device_id, epoch, seq limit 1) as wrong;

-- name: prove_watermarks(tenant_id)^
-- Up to its watermark nothing is missing in a device's store, and beyond it nothing is stored.
with held as (
  select device_id, epoch, count(*) as records, max(seq) as last_seq
    from devices.record where tenant_id = :tenant_id group by device_id, epoch),
bad as (
  select e.device_id, e.epoch, e.watermark, coalesce(h.records, 0) as records,
         coalesce(h.last_seq, 0) as last_seq
    from devices.epoch e left join held h on h.device_id = e.device_id and h.epoch = e.epoch
   where e.tenant_id = :tenant_id
     and (e.watermark <> coalesce(h.records, 0) or e.watermark <> coalesce(h.last_seq, 0)))
select (select count(*) from devices.epoch where tenant_id = :tenant_id) as checked,
       (select format('store %s of device %s is at %s, but %s records up to %s are stored', epoch, device_id,
                      watermark, records, last_seq) from bad order by device_id, epoch limit 1) as wrong;
