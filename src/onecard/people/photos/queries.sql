-- name: photos(tenant_id, person_id)
select slot, sha256, width, height, findings, face_use, created_at from people.photo
 where tenant_id = :tenant_id and person_id = :person_id order by slot;

-- name: jpeg(tenant_id, person_id, slot)^
select jpeg, sha256 from people.photo
 where tenant_id = :tenant_id and person_id = :person_id and slot = :slot;

-- name: delete_photo(tenant_id, person_id, slot)$
delete from people.photo where tenant_id = :tenant_id and person_id = :person_id and slot = :slot
returning slot;

-- name: insert_photo(tenant_id, person_id, slot, jpeg, sha256, size, findings, face_use)!
-- `size`: width and height.
insert into people.photo (tenant_id, person_id, slot, jpeg, sha256, width, height, findings, face_use)
values (:tenant_id, :person_id, :slot, :jpeg, :sha256, (:size::int[])[1], (:size::int[])[2], :findings,
        :face_use);

-- name: set_face_use(tenant_id, person_id, fit)!
-- The first photo that is fit, and no other; `fit` false: none.
update people.photo p
   set face_use = :fit and p.slot = (select min(o.slot) from people.photo o
                                      where o.tenant_id = :tenant_id and o.person_id = :person_id
                                        and o.findings <@ '{not_checked}')
 where p.tenant_id = :tenant_id and p.person_id = :person_id;

-- name: photo_check(tenant_id)$
select photo_check from people.policy where tenant_id = :tenant_id;

-- name: set_photo_check(tenant_id, photo_check)!
insert into people.policy (tenant_id, photo_check) values (:tenant_id, :photo_check)
on conflict (tenant_id) do update set photo_check = excluded.photo_check;

-- name: consents(tenant_id, person_id)
select id, purpose, given_by, giver, text_version, given_at, withdrawn_at from people.consent
 where tenant_id = :tenant_id and person_id = :person_id order by id desc;

-- name: insert_consent(tenant_id, person_id, purpose, given_by, giver, text_version)$
insert into people.consent (tenant_id, person_id, purpose, given_by, giver, text_version)
values (:tenant_id, :person_id, :purpose, :given_by, :giver, :text_version) returning id;

-- name: withdraw(tenant_id, person_id, purpose)$
update people.consent set withdrawn_at = now()
 where tenant_id = :tenant_id and person_id = :person_id and purpose = :purpose and withdrawn_at is null
returning id;

-- name: id_number_box(tenant_id, person_id)$
select id_number_box from people.person where tenant_id = :tenant_id and id = :person_id;
