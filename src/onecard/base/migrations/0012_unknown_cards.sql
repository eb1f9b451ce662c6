-- The newest refusals of terminals, for binding a card that somebody just held to one of them.
create index record_denied on devices.record (tenant_id, received_at) where kind = 'deny';
