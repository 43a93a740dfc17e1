"""A text of the whole schema as PostgreSQL knows it, one line per fact, for comparison with the reviewed one."""

import psycopg

from tests.harness import Harness

FACTS = """
select 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || case when a.attnotnull then ' not null' else '' end
       || case when a.attgenerated <> '' then ' generated ' when d.adbin is null then '' else ' default ' end
       || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0
    and not a.attisdropped
union all
select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
  from pg_constraint where connamespace = 'public'::regnamespace and conparentid = 0 and contype <> 'n'
    and conrelid not in (select oid from pg_class where relispartition)
union all
select 'index ' || pg_get_indexdef(i.indexrelid)
  from pg_index i join pg_class c on c.oid = i.indrelid
  where c.relnamespace = 'public'::regnamespace and not c.relispartition
union all
select 'policy ' || polrelid::regclass || ' ' || polname || ' ' || polcmd::text || ' using '
       || pg_get_expr(polqual, polrelid) || coalesce(' check ' || pg_get_expr(polwithcheck, polrelid), '')
  from pg_policy
union all
select 'trigger ' || pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where c.relnamespace = 'public'::regnamespace and not t.tgisinternal and not c.relispartition
union all
select 'grant ' || c.relname || ' to clinic_app: ' || string_agg(g.privilege_type, ', ' order by g.privilege_type)
  from pg_class c cross join lateral aclexplode(c.relacl) g
  where c.relnamespace = 'public'::regnamespace and g.grantee = 'clinic_app'::regrole and not c.relispartition
  group by c.relname
union all
select 'function ' || p.oid::regprocedure || case when p.prosecdef then ' with the owner''s rights' else '' end
       || case when has_function_privilege('clinic_app', p.oid, 'execute') then ', callable by clinic_app' else '' end
  from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proowner = 'clinic_owner'::regrole
union all
select 'view ' || c.relname || ' ' || regexp_replace(pg_get_viewdef(c.oid), '\\s+', ' ', 'g')
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'v'
    and c.relowner = 'clinic_owner'::regrole
"""


def describe(owner: psycopg.Connection) -> str:
    """All facts, sorted by code point."""
    return "\n".join(sorted(str(row[0]) for row in owner.execute(FACTS))) + "\n"


def main() -> None:
    """Prints the snapshot of a freshly migrated database."""
    harness = Harness()
    clone = harness.clone()
    try:
        with clone.connect_owner() as owner:
            print(describe(owner), end="")  # noqa: T201 (its purpose)
    finally:
        harness.drop(clone)
        harness.server.stop()


if __name__ == "__main__":
    main()
