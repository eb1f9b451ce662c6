-- name: people(tenant_id, departments, department)
-- Everybody; `departments`: whom the caller may see, `department`: those of a part of the tree; null for all.
select p.id, p.number, p.name, p.pinyin, p.department_id, p.class_id, p.gender, p.phone, p.email, p.state,
       p.entered_on, p.leaves_on, p.left_on, p.changed_at
  from people.person p
 where p.tenant_id = :tenant_id
   and (:departments::bigint[] is null or p.department_id = any (:departments::bigint[]))
   and (:department::bigint[] is null or p.department_id = any (:department::bigint[]));

-- name: found(tenant_id, departments, department, number, phone, name, card, uid)
-- Those of them who are found by how number, phone, name or UID begins, or by card number; null finds nobody.
-- For few who are found: indexes name them.
select p.id, p.number, p.name, p.pinyin, p.department_id, p.class_id, p.gender, p.phone, p.email, p.state,
       p.entered_on, p.leaves_on, p.left_on, p.changed_at
  from people.person p
 where p.tenant_id = :tenant_id
   and (:departments::bigint[] is null or p.department_id = any (:departments::bigint[]))
   and (:department::bigint[] is null or p.department_id = any (:department::bigint[]))
   and p.id in (
     select n.id from people.person n
      where n.tenant_id = :tenant_id and n.number >= :number and n.number < :number || chr(1114111)
     union all
     select t.id from people.person t
      where t.tenant_id = :tenant_id and t.phone >= :phone and t.phone < :phone || chr(1114111)
     union all
     select s.person_id from people.search_key s
      where s.tenant_id = :tenant_id and s.key >= :name and s.key < :name || chr(1114111)
     union all
     select k.person_id from cards.card k
      where k.tenant_id = :tenant_id and k.number = :card::int
        and k.state not in ('cancelled', 'returned', 'void')
     union all
     select u.person_id from cards.card u
      where u.tenant_id = :tenant_id and u.uid >= :uid and u.uid < :uid || chr(1114111)
        and u.state not in ('cancelled', 'returned', 'void'));

-- name: tested(tenant_id, departments, department, number, phone, name, card, uid)
-- The same people, for many who are found: each is tested in the order of the list until the page is full.
select p.id, p.number, p.name, p.pinyin, p.department_id, p.class_id, p.gender, p.phone, p.email, p.state,
       p.entered_on, p.leaves_on, p.left_on, p.changed_at
  from people.person p
 where p.tenant_id = :tenant_id
   and (:departments::bigint[] is null or p.department_id = any (:departments::bigint[]))
   and (:department::bigint[] is null or p.department_id = any (:department::bigint[]))
   and (starts_with(p.number, :number) or starts_with(p.phone, :phone)
        or p.id = any (array(
          select k.person_id from cards.card k
           where k.tenant_id = :tenant_id and k.number = :card::int
             and k.state not in ('cancelled', 'returned', 'void')
          union all
          select u.person_id from cards.card u
           where u.tenant_id = :tenant_id and u.uid >= :uid and u.uid < :uid || chr(1114111)
             and u.state not in ('cancelled', 'returned', 'void')))
        or (:name::text is not null
            and (select true from people.search_key s
                  where s.tenant_id = :tenant_id and s.person_id = p.id
                    and s.key >= :name and s.key < :name || chr(1114111) limit 1)));

-- name: count_found(tenant_id, number, phone, name, card, uid)$
-- How many there are when the caller may see everybody.
select count(distinct w.id) from (
     select n.id from people.person n
      where n.tenant_id = :tenant_id and n.number >= :number and n.number < :number || chr(1114111)
     union all
     select t.id from people.person t
      where t.tenant_id = :tenant_id and t.phone >= :phone and t.phone < :phone || chr(1114111)
     union all
     select s.person_id from people.search_key s
      where s.tenant_id = :tenant_id and s.key >= :name and s.key < :name || chr(1114111)
     union all
     select k.person_id from cards.card k
      where k.tenant_id = :tenant_id and k.number = :card::int
        and k.state not in ('cancelled', 'returned', 'void')
     union all
     select u.person_id from cards.card u
      where u.tenant_id = :tenant_id and u.uid >= :uid and u.uid < :uid || chr(1114111)
        and u.state not in ('cancelled', 'returned', 'void')) w;

-- name: count_found_in(tenant_id, departments, department, number, phone, name, card, uid)$
-- How many there are in some departments: each way of finding keeps to them by itself, because nobody can
-- guess beforehand how many different people all ways together find.
select count(distinct w.id) from (
     select n.id from people.person n
      where n.tenant_id = :tenant_id and n.number >= :number and n.number < :number || chr(1114111)
        and (:departments::bigint[] is null or n.department_id = any (:departments::bigint[]))
        and (:department::bigint[] is null or n.department_id = any (:department::bigint[]))
     union all
     select t.id from people.person t
      where t.tenant_id = :tenant_id and t.phone >= :phone and t.phone < :phone || chr(1114111)
        and (:departments::bigint[] is null or t.department_id = any (:departments::bigint[]))
        and (:department::bigint[] is null or t.department_id = any (:department::bigint[]))
     union all
     select p.id from people.person p
       join people.search_key s on s.tenant_id = :tenant_id and s.person_id = p.id
      where p.tenant_id = :tenant_id and s.key >= :name and s.key < :name || chr(1114111)
        and (:departments::bigint[] is null or p.department_id = any (:departments::bigint[]))
        and (:department::bigint[] is null or p.department_id = any (:department::bigint[]))
     union all
     select h.id from people.person h
       join cards.card k on k.tenant_id = :tenant_id and k.person_id = h.id
      where h.tenant_id = :tenant_id and k.number = :card::int
        and k.state not in ('cancelled', 'returned', 'void')
        and (:departments::bigint[] is null or h.department_id = any (:departments::bigint[]))
        and (:department::bigint[] is null or h.department_id = any (:department::bigint[]))
     union all
     select o.id from people.person o
       join cards.card u on u.tenant_id = :tenant_id and u.person_id = o.id
      where o.tenant_id = :tenant_id and u.uid >= :uid and u.uid < :uid || chr(1114111)
        and u.state not in ('cancelled', 'returned', 'void')
        and (:departments::bigint[] is null or o.department_id = any (:departments::bigint[]))
        and (:department::bigint[] is null or o.department_id = any (:department::bigint[]))) w;

-- name: rows(tenant_id, ids)
-- What a list shows of these people.
select p.id, p.number, p.name, p.pinyin, p.department_id, d.name as department, p.class_id,
       c.name as class_name, p.gender, p.phone, p.email, p.state, p.entered_on, p.leaves_on, p.left_on,
       p.changed_at, p.version, p.custom,
       (select string_agg(coalesce(k.number::text, k.uid), ' ' order by k.id) from cards.card k
         where k.tenant_id = :tenant_id and k.person_id = p.id
           and k.state not in ('cancelled', 'returned', 'void')) as cards,
       (select f.slot || '?v=' || encode(substr(f.sha256, 1, 8), 'hex') from people.photo f
         where f.tenant_id = :tenant_id and f.person_id = p.id order by f.slot limit 1) as photo
  from people.person p
  join people.department d on d.tenant_id = p.tenant_id and d.id = p.department_id
  join people.account_class c on c.tenant_id = p.tenant_id and c.id = p.class_id
 where p.tenant_id = :tenant_id and p.id = any (:ids::bigint[]);
