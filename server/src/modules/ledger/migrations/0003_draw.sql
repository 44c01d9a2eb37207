-- Charges finished requests to the reservation that was made for them, all in one call: asked for statement by
-- statement from outside, each batch cost ten journeys to the database, which was a fifth of a busy gateway's work.
-- Of requests that were charged before nothing is charged again. Returns no row for an unknown reservation, and one
-- with nothing but its status for one that is closed.
create function ledger.draw(
  wanted uuid, closing boolean, keep_until timestamptz, at_time timestamptz, in_currency text,
  request_ids text[], models text[], endpoints text[], prompts bigint[], cached_prompts bigint[],
  completions bigint[], charges bigint[], costs numeric[]
) returns table (
  state text, owner_id text, key_id text, begun_at timestamptz, requests bigint, last_request text,
  charged bigint, uncovered bigint, returned bigint, balance_after bigint, has_budgets boolean
) language plpgsql as $$
declare
  kept ledger.reservation;
  available ledger.account;
  held_id bigint;
  consumed_id bigint;
  fresh text[];
  in_hold bigint;
  from_hold bigint;
  from_available bigint;
begin
  select * into kept from ledger.reservation as reservation where reservation.id = wanted;
  if not found then return; end if;
  -- As every change of what a user has: the accounts first, in the order of their ids.
  perform 1 from ledger.account as account where account.owner = kept.user_id order by account.id for update;
  select * into kept from ledger.reservation as reservation where reservation.id = wanted;
  if kept.status in ('settled', 'released') then
    state := kept.status;
    return next;
    return;
  end if;
  select * into available from ledger.account as account
   where account.owner = kept.user_id and account.kind = 'available';
  select account.id into held_id from ledger.account as account
   where account.owner = kept.user_id and account.kind = 'held';
  select account.id into consumed_id from ledger.account as account
   where account.owner = kept.user_id and account.kind = 'consumed';

  with written as (
    insert into ledger.usage
      (reservation_id, user_id, api_key_id, request_id, model, endpoint, prompt_tokens, cached_prompt_tokens,
       completion_tokens, charged_tokens, uncovered_tokens, returned_tokens, cost, currency, created_at)
    select wanted, kept.user_id, kept.api_key_id, used.request_id, used.model, used.endpoint, used.prompt,
           used.cached_prompt, used.completion, used.charge, 0, 0, used.cost, in_currency, at_time
      from unnest(request_ids, models, endpoints, prompts, cached_prompts, completions, charges, costs)
           as used (request_id, model, endpoint, prompt, cached_prompt, completion, charge, cost)
    on conflict (user_id, request_id) do nothing
    returning request_id, charged_tokens
  )
  select coalesce(sum(written.charged_tokens), 0), coalesce(array_agg(written.request_id), '{}')
    into charged, fresh from written;
  requests := cardinality(fresh);
  last_request := fresh[requests];

  -- From what was held, then from the balance as far as it reaches; one that has expired holds nothing any more.
  in_hold := case kept.status when 'held' then kept.tokens else 0 end;
  from_hold := least(charged, in_hold);
  from_available := least(charged - from_hold, available.balance);
  uncovered := charged - from_hold - from_available;
  returned := case when closing then in_hold - from_hold else 0 end;
  balance_after := available.balance + returned - from_available;
  if from_hold + from_available + returned > 0 then
    perform ledger.post(
      row(null, kept.user_id, 'settle', 'draw:' || coalesce(fresh[1], wanted::text),
          sha256(convert_to(wanted::text || ' ' || array_to_string(fresh, ' '), 'UTF8')), null, null, null,
          at_time)::ledger.transfer,
      array[held_id, available.id, consumed_id],
      array[-(from_hold + returned), returned - from_available, from_hold + from_available]);
  end if;
  -- Also what nothing covers was used, and counts, in the periods in which its reservation began.
  if from_hold + returned + charged > 0 then
    update ledger.budget_use as spent
       set held_tokens = spent.held_tokens - from_hold - returned, used_tokens = spent.used_tokens + charged
     where spent.user_id = kept.user_id and spent.api_key_id in ('', coalesce(kept.api_key_id, ''))
       and (spent.period, spent.period_start) in (
             ('day', (kept.created_at at time zone 'UTC')::date),
             ('month', date_trunc('month', kept.created_at at time zone 'UTC')::date));
  end if;
  update ledger.reservation as reservation
     set status = case when closing then 'settled' else reservation.status end,
         closed_at = case when closing then at_time else reservation.closed_at end,
         tokens = case when closing then reservation.tokens else reservation.tokens - from_hold end,
         expires_at = greatest(reservation.expires_at, keep_until)
   where reservation.id = wanted;
  if uncovered > 0 then
    update ledger.usage as usage set uncovered_tokens = uncovered
     where usage.user_id = kept.user_id and usage.request_id = last_request;
  end if;
  has_budgets := exists (
    select 1 from ledger.budget
     where budget.user_id = kept.user_id and budget.api_key_id in ('', coalesce(kept.api_key_id, '')));
  state := kept.status;
  owner_id := kept.user_id;
  key_id := kept.api_key_id;
  begun_at := kept.created_at;
  return next;
end
$$;
