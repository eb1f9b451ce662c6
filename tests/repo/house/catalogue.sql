-- name: relations()
-- Everything in a schema of ours (or a stranger's) that has columns; options as written.
select n.nspname || '.' || c.relname as name, c.relkind::text as kind, c.relrowsecurity as secured,
       c.relforcerowsecurity as forced, r.rolname as owner, coalesce(c.reloptions, '{}') as options
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = c.relowner
 where c.relkind in ('r', 'p', 'f', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
   and n.nspname !~ '^pg_(toast|temp)' order by 1;

-- name: columns()
select n.nspname || '.' || c.relname as relation, a.attname as name, format_type(a.atttypid, null) as type,
       a.attnotnull as required, a.attidentity <> '' as identity,
       coalesce(pg_get_expr(d.adbin, d.adrelid), '') as "default",
       row_number() over (partition by c.oid order by a.attnum) as position
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where c.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped
   and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
 order by 1, a.attnum;

-- name: unique_indexes()
-- Every primary key, unique constraint, unique index and exclusion; first: '' when it starts with an
-- expression.
select i.indexrelid::regclass::text as name, n.nspname || '.' || c.relname as relation,
       i.indisprimary as primary, coalesce(a.attname, '') as first
  from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
  left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
 where (i.indisunique or i.indisexclusion) and n.nspname <> 'pg_catalog' and n.nspname !~ '^pg_toast'
 order by 1;

-- name: foreign_keys()
select k.conname as name, k.conrelid::regclass::text as relation, k.confrelid::regclass::text as target,
       a.attname as first, b.attname as target_first, k.confdeltype::text as on_delete,
       k.confupdtype::text as on_update
  from pg_constraint k
  join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
  join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
 where k.contype = 'f' order by 1, 2;

-- name: policies()
select p.polrelid::regclass::text as relation, p.polname as name, p.polcmd::text as command,
       p.polpermissive as permissive,
       array(select coalesce(r.rolname, 'public') from unnest(p.polroles) o left join pg_roles r on r.oid = o)
         as roles,
       coalesce(pg_get_expr(p.polqual, p.polrelid), '') as seen,
       coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') as written
  from pg_policy p order by 1, 2;

-- name: rights(roles)
-- What each role may do with each table in effect, whether by itself, as a member of another, or as anybody;
-- rights on single columns carry the column's name.
select r.rolname as role, n.nspname || '.' || c.relname as relation, lower(p.name) as "right", '' as column
  from pg_class c join pg_namespace n on n.oid = c.relnamespace, pg_roles r,
       unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER,MAINTAIN}'::text[]) p (name)
 where c.relkind in ('r', 'p', 'f', 'v', 'm') and r.rolname = any (:roles)
   and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
   and has_table_privilege(r.oid, c.oid, p.name)
union all
select r.rolname, n.nspname || '.' || c.relname, lower(p.name), a.attname
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped, pg_roles r,
       unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) p (name)
 where c.relkind in ('r', 'p', 'f', 'v', 'm') and r.rolname = any (:roles)
   and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
   and has_column_privilege(r.oid, c.oid, a.attnum, p.name) and not has_table_privilege(r.oid, c.oid, p.name)
 order by 1, 2, 3, 4;

-- name: roles()
-- powers: what lets a role step over row-level security, now or after one more statement.
select r.rolname as name, r.rolcanlogin as login,
       array_remove(array[
         case when r.rolsuper then 'superuser' end, case when r.rolbypassrls then 'bypassrls' end,
         case when r.rolcreaterole then 'createrole' end, case when r.rolcreatedb then 'createdb' end,
         case when r.rolreplication then 'replication' end], null) as powers,
       array(select g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid
              where m.member = r.oid) as member_of
  from pg_roles r where r.rolname like 'onecard%' order by 1;

-- name: owned()
-- Whatever somebody other than a superuser owns in this database.
select r.rolname as role, c.relkind::text as kind, c.oid::regclass::text as name
  from pg_class c join pg_roles r on r.oid = c.relowner where not r.rolsuper
union all select r.rolname, 'schema', n.nspname from pg_namespace n join pg_roles r on r.oid = n.nspowner
 where not r.rolsuper and n.nspname <> 'public'
union all select r.rolname, 'function', p.oid::regprocedure::text
  from pg_proc p join pg_roles r on r.oid = p.proowner where not r.rolsuper
union all select r.rolname, 'type', t.typname from pg_type t join pg_roles r on r.oid = t.typowner
 where not r.rolsuper and t.typrelid = 0 and t.typelem = 0;

-- name: functions()
select n.nspname as schema, p.oid::regprocedure::text as name, r.rolname as owner, p.prosecdef as definer,
       coalesce(p.proconfig, '{}') as settings, has_function_privilege('public', p.oid, 'execute') as anybody,
       has_function_privilege('onecard_app', p.oid, 'execute') as application,
       has_function_privilege('onecard_engine', p.oid, 'execute') as engine
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_roles r on r.oid = p.proowner
 where n.nspname not in ('pg_catalog', 'information_schema') order by 2;

-- name: triggers()
select t.tgname as name, t.tgrelid::regclass::text as relation from pg_trigger t where not t.tgisinternal
union all
select w.rulename, w.ev_class::regclass::text from pg_rewrite w join pg_class c on c.oid = w.ev_class
 where w.rulename <> '_RETURN' and c.relnamespace <> 'pg_catalog'::regnamespace;

-- name: sequences()
-- column: the identity column a sequence belongs to, '' when it stands alone or feeds a default (serial).
select n.nspname || '.' || c.relname as name, format_type(s.seqtypid, null) as type,
       coalesce((select d.refobjid::regclass::text || '.' || a.attname from pg_depend d
                  join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                 where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'i'
                   and d.refobjsubid > 0), '') as "column"
  from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace
 order by 1;

-- name: schemas()
select nspname as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
 order by 1;
