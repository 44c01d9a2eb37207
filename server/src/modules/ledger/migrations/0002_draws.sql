-- Several requests may draw on one reservation that was made ahead for them: usage is told apart by the request.
alter table ledger.usage drop constraint usage_pkey;
alter table ledger.usage drop constraint usage_user_id_request_id_key;
alter table ledger.usage add primary key (user_id, request_id);
create index usage_reservation on ledger.usage (reservation_id);
