-- name: chosen(tenant_id, ids)
-- `carries_class`: a card in use has the class written on it, which only a desk can change.
select p.id, p.number, p.name, p.department_id, p.class_id, p.state, p.left_on,
       exists (select from cards.card c
                where c.tenant_id = :tenant_id and c.person_id = p.id and c.technology <> 'uid'
                  and c.state not in ('cancelled', 'returned', 'void')) as carries_class,
       (select count(*) from cards.card c
         where c.tenant_id = :tenant_id and c.person_id = p.id
           and c.state not in ('cancelled', 'returned', 'void')) as cards
  from people.person p where p.tenant_id = :tenant_id and p.id = any (:ids::bigint[])
 order by p.number;
