-- name: unsearchable(tenant_id, version, most)
-- People whose keys were never made, or by older rules.
select id, name from people.person
 where tenant_id = :tenant_id and search_version < :version and erased_at is null
 order by search_version limit :most
   for no key update skip locked;

-- name: mark_searchable(tenant_id, ids, pinyins, version)!
update people.person p set pinyin = w.pinyin, search_version = :version
  from unnest(:ids::bigint[], :pinyins::text[]) w (id, pinyin)
 where p.tenant_id = :tenant_id and p.id = w.id;

-- name: delete_keys(tenant_id, ids)!
delete from people.search_key where tenant_id = :tenant_id and person_id = any (:ids::bigint[]);

-- name: insert_keys(tenant_id, ids, keys)!
insert into people.search_key (tenant_id, person_id, key)
select :tenant_id, w.id, w.key from unnest(:ids::bigint[], :keys::text[]) w (id, key);
