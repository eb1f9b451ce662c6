-- name: persons_named(tenant_id, numbers, phones)
-- Persons with one of these numbers or phones.
select id, number, name, department_id, class_id, gender, phone, id_number_tag, state
  from people.person where tenant_id = :tenant_id and number = any (:numbers::text[])
union
select id, number, name, department_id, class_id, gender, phone, id_number_tag, state
  from people.person where tenant_id = :tenant_id and phone = any (:phones::text[]);

-- name: persons(tenant_id, search, after, most)
-- One page by number; `search` is empty, or part of a name, or the start of a number or phone.
select id, number, name, department_id, class_id, gender, phone, id_number_tag, state
  from people.person
 where tenant_id = :tenant_id and number > :after
   and (:search = '' or strpos(name, :search) > 0 or starts_with(number, :search)
        or starts_with(phone, :search))
 order by number limit :most;

-- name: id_number_box(tenant_id, id)$
select id_number_box from people.person where tenant_id = :tenant_id and id = :id;

-- name: insert_persons(tenant_id, numbers, names, departments, classes, genders, phones, boxes, tags)
insert into people.person (tenant_id, number, name, department_id, class_id, gender, phone, id_number_box,
       id_number_tag)
select :tenant_id, w.number, w.name, w.department_id, w.class_id, w.gender, w.phone, w.box, w.tag
  from unnest(:numbers::text[], :names::text[], :departments::bigint[], :classes::bigint[], :genders::text[],
              :phones::text[], :boxes::bytea[], :tags::bytea[])
       w (number, name, department_id, class_id, gender, phone, box, tag)
returning id, number;

-- name: update_persons(tenant_id, ids, names, departments, classes, genders, phones, boxes, tags)
-- A null leaves an optional field as it is.
update people.person p
   set name = w.name, department_id = w.department_id, class_id = w.class_id,
       gender = coalesce(w.gender, p.gender), phone = coalesce(w.phone, p.phone),
       id_number_box = coalesce(w.box, p.id_number_box),
       id_number_tag = coalesce(w.tag, p.id_number_tag), version = p.version + 1, changed_at = now()
  from unnest(:ids::bigint[], :names::text[], :departments::bigint[], :classes::bigint[], :genders::text[],
              :phones::text[], :boxes::bytea[], :tags::bytea[])
       w (id, name, department_id, class_id, gender, phone, box, tag)
 where p.tenant_id = :tenant_id and p.id = w.id
returning p.id;
