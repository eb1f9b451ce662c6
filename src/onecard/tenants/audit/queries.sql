-- name: write(tenant_id, functions, things, subjects, befores, afters, notes)$
select audit.write(:tenant_id, :functions, :things, :subjects, :befores, :afters, :notes);
