-- name: file(tenant_id, id)^
select p.id, p.number, p.name, p.department_id, d.name as department, p.class_id, c.name as class_name,
       p.gender, p.id_number_box, p.phone, p.email, p.entered_on, p.leaves_on, p.left_on, p.remark, p.custom,
       p.state, p.version, p.created_at, p.changed_at, p.erased_at is not null as erased,
       array(select f.slot from people.photo f where f.tenant_id = :tenant_id and f.person_id = :id
              order by f.slot) as photos,
       exists (select from people.consent k where k.tenant_id = :tenant_id and k.person_id = :id
                  and k.purpose = 'face' and k.withdrawn_at is null) as face_consent
  from people.person p
  join people.department d on d.tenant_id = p.tenant_id and d.id = p.department_id
  join people.account_class c on c.tenant_id = p.tenant_id and c.id = p.class_id
 where p.tenant_id = :tenant_id and p.id = :id;

-- name: find_number(tenant_id, number)^
select id, department_id from people.person where tenant_id = :tenant_id and number = :number;

-- name: lock_persons(tenant_id, ids)
-- In order of ids, so that two who change the same people wait instead of deadlocking.
select id, number, name, department_id, class_id, state, version, left_on, erased_at is not null as erased
  from people.person where tenant_id = :tenant_id and id = any (:ids::bigint[])
 order by id for no key update;

-- name: owner_of(tenant_id, number, phone, id)^
-- Whether somebody else has the number, and whether somebody else has the phone.
select exists (select from people.person
                where tenant_id = :tenant_id and number = :number and id <> :id) as number,
       exists (select from people.person
                where tenant_id = :tenant_id and phone = :phone and id <> :id) as phone;

-- name: insert_file(tenant_id, draft, box, tag)$
-- `draft`: a JSON object of the plain columns.
insert into people.person
       (tenant_id, id_number_box, id_number_tag, number, name, department_id, class_id, gender, phone, email,
        entered_on, leaves_on, remark, custom)
select :tenant_id, :box, :tag, d.*
  from jsonb_to_record(:draft::jsonb) d (
        number text, name text, department_id bigint, class_id bigint, gender text, phone text, email text,
        entered_on date, leaves_on date, remark text, custom jsonb)
returning id;

-- name: change_file(tenant_id, id, draft, keep_id_number, box, tag)$
update people.person p
   set name = d.name, department_id = d.department_id, class_id = d.class_id, gender = d.gender,
       phone = d.phone, email = d.email, entered_on = d.entered_on, leaves_on = d.leaves_on,
       remark = d.remark, custom = d.custom,
       id_number_box = case when :keep_id_number then p.id_number_box else :box end,
       id_number_tag = case when :keep_id_number then p.id_number_tag else :tag end,
       version = p.version + 1, changed_at = now()
  from jsonb_to_record(:draft::jsonb) d (
        name text, department_id bigint, class_id bigint, gender text, phone text, email text,
        entered_on date, leaves_on date, remark text, custom jsonb)
 where p.tenant_id = :tenant_id and p.id = :id
returning p.version;

-- name: set_state(tenant_id, ids, state, left_on)!
update people.person set state = :state, left_on = :left_on, version = version + 1, changed_at = now()
 where tenant_id = :tenant_id and id = any (:ids::bigint[]);

-- name: set_departments(tenant_id, ids, departments)!
update people.person p set department_id = w.department_id, version = p.version + 1, changed_at = now()
  from unnest(:ids::bigint[], :departments::bigint[]) w (id, department_id)
 where p.tenant_id = :tenant_id and p.id = w.id;

-- name: set_class(tenant_id, ids, class_id)!
update people.person set class_id = :class_id, version = version + 1, changed_at = now()
 where tenant_id = :tenant_id and id = any (:ids::bigint[]);

-- name: erase(tenant_id, id, name)!
update people.person
   set name = :name, gender = null, id_number_box = null, id_number_tag = null, phone = null, email = null,
       remark = '', custom = '{}', entered_on = null, leaves_on = null, erased_at = now(),
       version = version + 1, changed_at = now()
 where tenant_id = :tenant_id and id = :id;

-- name: people_of(tenant_id, departments)
-- Who is in one of these departments and has not left.
select id from people.person
 where tenant_id = :tenant_id and department_id = any (:departments::bigint[])
   and state in ('active', 'suspended')
 order by id;

-- name: end_face_use(tenant_id, ids)!
update people.photo set face_use = false
 where tenant_id = :tenant_id and person_id = any (:ids::bigint[]) and face_use;

-- name: withdraw_consents(tenant_id, ids)!
update people.consent set withdrawn_at = now()
 where tenant_id = :tenant_id and person_id = any (:ids::bigint[]) and withdrawn_at is null;

-- name: delete_photos(tenant_id, id)!
delete from people.photo where tenant_id = :tenant_id and person_id = :id;

-- name: forget_givers(tenant_id, id)!
update people.consent set giver = '' where tenant_id = :tenant_id and person_id = :id;
