-- name: people(tenant_id, departments, department)
-- Everybody; `departments`: whom the caller may see, `department`: those of one part of the tree; null for all.
select p.id, p.number, p.name, p.pinyin, p.department_id, d.name as department, p.class_id,
       c.name as class_name, p.gender, p.phone, p.email, p.state, p.entered_on, p.leaves_on, p.left_on,
       p.changed_at, p.version,
       (select string_agg(k.number::text, ' ' order by k.id) from cards.card k
         where k.tenant_id = :tenant_id and k.person_id = p.id
           and k.state not in ('cancelled', 'returned', 'void')) as cards,
       exists (select from people.photo f where f.tenant_id = :tenant_id and f.person_id = p.id) as has_photo
  from people.person p
  left join people.department d on d.tenant_id = p.tenant_id and d.id = p.department_id
  left join people.account_class c on c.tenant_id = p.tenant_id and c.id = p.class_id
 where p.tenant_id = :tenant_id
   and (:departments::bigint[] is null or p.department_id = any (:departments::bigint[]))
   and (:department::bigint[] is null or p.department_id = any (:department::bigint[]));

-- name: people_found(tenant_id, departments, department, digits, number, name, uid)
-- Those of them who are found by how number, phone (`digits`), name or card begins; see lists.py.
select p.id, p.number, p.name, p.pinyin, p.department_id, d.name as department, p.class_id,
       c.name as class_name, p.gender, p.phone, p.email, p.state, p.entered_on, p.leaves_on, p.left_on,
       p.changed_at, p.version,
       (select string_agg(k.number::text, ' ' order by k.id) from cards.card k
         where k.tenant_id = :tenant_id and k.person_id = p.id
           and k.state not in ('cancelled', 'returned', 'void')) as cards,
       exists (select from people.photo f where f.tenant_id = :tenant_id and f.person_id = p.id) as has_photo
  from people.person p
  left join people.department d on d.tenant_id = p.tenant_id and d.id = p.department_id
  left join people.account_class c on c.tenant_id = p.tenant_id and c.id = p.class_id
 where p.tenant_id = :tenant_id
   and (:departments::bigint[] is null or p.department_id = any (:departments::bigint[]))
   and (:department::bigint[] is null or p.department_id = any (:department::bigint[]))
   and p.id in (
     select n.id from people.person n
      where n.tenant_id = :tenant_id and n.number >= :number and n.number < :number || chr(1114111)
     union all
     select t.id from people.person t
      where t.tenant_id = :tenant_id and t.phone >= :digits and t.phone < :digits || chr(1114111)
     union all
     select s.person_id from people.search_key s
      where s.tenant_id = :tenant_id and s.key >= :name and s.key < :name || chr(1114111)
     union all
     select k.person_id from cards.card k
      where k.tenant_id = :tenant_id and k.number = (case when :digits ~ '^[0-9]{1,6}$' then :digits::int end)
        and k.state not in ('cancelled', 'returned', 'void')
     union all
     select u.person_id from cards.card u
      where u.tenant_id = :tenant_id and u.uid >= :uid and u.uid < :uid || chr(1114111)
        and u.state not in ('cancelled', 'returned', 'void'));
