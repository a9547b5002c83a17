-- Every statement that the program runs, by name. Parameters are $1, $2, …; the comment under a
-- name says what it is for.

-- name: lock_migrations
-- One process at a time changes the schema; held by the session.
SELECT pg_advisory_lock(hashtextextended('twoleg.schema_migration', 0));

-- name: unlock_migrations
-- The counterpart of lock_migrations.
SELECT pg_advisory_unlock(hashtextextended('twoleg.schema_migration', 0));

-- name: has_migrations
-- Whether this database was ever migrated.
SELECT to_regclass('twoleg.schema_migration') IS NOT NULL;

-- name: list_migrations
-- What was applied, oldest first.
SELECT name, checksum FROM twoleg.schema_migration ORDER BY name;

-- name: record_migration
-- A migration was applied; runs in its transaction.
INSERT INTO twoleg.schema_migration (name, checksum) VALUES ($1, $2);

-- name: try_account_lock
-- One daemon per set of venue accounts, over all hosts; held by the session.
SELECT pg_try_advisory_lock(hashtextextended('twoleg.accounts:' || $1::text, 0));

-- name: ping
-- Whether a session lives.
SELECT 1;

-- name: upsert_journal
-- A journal is known here; leaves what was shipped alone.
INSERT INTO twoleg.journal
    (journal_uuid, mode, member, accounts, shipped_seq, opened_time, shipped_time)
VALUES ($1, $2, $3, '{}', 0, $4, $4)
ON CONFLICT (journal_uuid) DO NOTHING;

-- name: read_shipped
-- How far a journal was shipped, and the checksum of the last record there.
SELECT journal.shipped_seq, record.payload_crc32
FROM twoleg.journal AS journal
LEFT JOIN twoleg.journal_record AS record
    ON record.journal_uuid = journal.journal_uuid AND record.seq = journal.shipped_seq
WHERE journal.journal_uuid = $1;

-- name: read_last_run
-- The run that the next record to ship belongs to.
SELECT payload::text
FROM twoleg.journal_record
WHERE journal_uuid = $1 AND kind = 'run_started' AND seq <= $2
ORDER BY seq DESC
LIMIT 1;

-- name: insert_record
-- A raw record; a record that is known already is left alone.
INSERT INTO twoleg.journal_record
    (journal_uuid, seq, kind, wall_time, payload_crc32, payload, projection_error)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (journal_uuid, seq) DO NOTHING;

-- name: advance_shipped
-- Everything up to $2 is here; runs in the transaction that brought it.
UPDATE twoleg.journal
SET shipped_seq = greatest(shipped_seq, $2), shipped_time = greatest(shipped_time, $3)
WHERE journal_uuid = $1;

-- name: start_run
-- The last run of a journal: who trades on which accounts.
UPDATE twoleg.journal SET member = $2, accounts = $3 WHERE journal_uuid = $1;

-- name: upsert_market
-- Terms of a market; older terms never replace newer ones.
INSERT INTO twoleg.market
    (mode, market_id, venue, native_id, title, rules, event, series, shard, price_bands,
     fee_rate_e6, fee_exponent, fee_quantum_micros, balance_quantum_micros, lot_e6, size_e6_min,
     notional_micros_min, yes_token, no_token, is_neg_risk, seconds_delay, close_time, is_tradable,
     seen_time)
VALUES
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
     $21, $22, $23, $24)
ON CONFLICT (mode, market_id) DO UPDATE SET
    venue = excluded.venue,
    native_id = excluded.native_id,
    title = excluded.title,
    rules = excluded.rules,
    event = excluded.event,
    series = excluded.series,
    shard = excluded.shard,
    price_bands = excluded.price_bands,
    fee_rate_e6 = excluded.fee_rate_e6,
    fee_exponent = excluded.fee_exponent,
    fee_quantum_micros = excluded.fee_quantum_micros,
    balance_quantum_micros = excluded.balance_quantum_micros,
    lot_e6 = excluded.lot_e6,
    size_e6_min = excluded.size_e6_min,
    notional_micros_min = excluded.notional_micros_min,
    yes_token = excluded.yes_token,
    no_token = excluded.no_token,
    is_neg_risk = excluded.is_neg_risk,
    seconds_delay = excluded.seconds_delay,
    close_time = excluded.close_time,
    is_tradable = excluded.is_tradable,
    seen_time = excluded.seen_time
WHERE market.seen_time <= excluded.seen_time;

-- name: upsert_pair
-- A pair as configured; an older state never replaces a newer one. What the matcher found is not
-- the file's to change.
INSERT INTO twoleg.matched_market_pair
    (mode, pair_id, kalshi_market_id, polymarket_market_id, polarity, state, kalshi_fingerprint,
     polymarket_fingerprint, similarity_e4, leg_mode, tif, size_e6_max, first_seen_time, seen_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
ON CONFLICT (mode, pair_id) DO UPDATE SET
    kalshi_market_id = excluded.kalshi_market_id,
    polymarket_market_id = excluded.polymarket_market_id,
    polarity = excluded.polarity,
    state = excluded.state,
    kalshi_fingerprint = excluded.kalshi_fingerprint,
    polymarket_fingerprint = excluded.polymarket_fingerprint,
    similarity_e4 = excluded.similarity_e4,
    leg_mode = excluded.leg_mode,
    tif = excluded.tif,
    size_e6_max = excluded.size_e6_max,
    seen_time = excluded.seen_time
WHERE matched_market_pair.seen_time <= excluded.seen_time
    AND matched_market_pair.origin = 'file';

-- name: see_pair
-- A pair of the matcher is followed by a daemon.
UPDATE twoleg.matched_market_pair SET seen_time = greatest(seen_time, $3)
WHERE mode = $1 AND pair_id = $2 AND origin = 'matcher';

-- name: disarm_pair
-- A daemon has disarmed a pair of the matcher for a reason ($3) at a time ($4). What was armed anew
-- since then stays armed.
WITH moved AS (
    UPDATE twoleg.matched_market_pair
    SET state = 'disarmed', state_reason = $3, state_time = $4
    WHERE mode = $1 AND pair_id = $2 AND origin = 'matcher' AND state = 'armed'
        AND (state_time IS NULL OR state_time <= $4)
    RETURNING mode, pair_id
), told AS (
    INSERT INTO twoleg.pair_event
        (mode, pair_id, from_state, to_state, actor, reason, detail, event_time)
    SELECT mode, pair_id, 'armed', 'disarmed', 'daemon', $3, $5, $4 FROM moved
)
SELECT pg_notify('twoleg_pairs', mode) FROM moved;

-- name: end_market
-- A venue has told what the outcomes of a market pay; told anew only where it took that back.
INSERT INTO twoleg.market_end (mode, market_id, payouts, end_time)
VALUES ($1, $2, $3, $4)
ON CONFLICT (mode, market_id) DO UPDATE SET
    payouts = excluded.payouts, end_time = excluded.end_time
WHERE market_end.end_time <= excluded.end_time AND market_end.payouts <> excluded.payouts;

-- name: list_unsettled_pairs
-- Living pairs of the matcher of which a market has ended, as told or as the catalogue looks at $2;
-- first those of which both ends are known, then others in turns.
SELECT pair.pair_id, pair.kalshi_market_id AS kalshi, pair.polymarket_market_id AS polymarket,
       pair.polarity, pair.family, pair.yes_token, pair.no_token,
       coalesce(kalshi_end.payouts, '') AS kalshi_payouts,
       coalesce(polymarket_end.payouts, '') AS polymarket_payouts,
       coalesce(kalshi.title, '') AS kalshi_title, coalesce(kalshi.rules, '') AS kalshi_rules,
       coalesce(polymarket.title, '') AS polymarket_title,
       coalesce(polymarket.rules, '') AS polymarket_rules
FROM twoleg.matched_market_pair AS pair
LEFT JOIN twoleg.market_end AS kalshi_end
    ON kalshi_end.mode = pair.mode AND kalshi_end.market_id = pair.kalshi_market_id
LEFT JOIN twoleg.market_end AS polymarket_end
    ON polymarket_end.mode = pair.mode AND polymarket_end.market_id = pair.polymarket_market_id
LEFT JOIN twoleg.catalogue_market AS kalshi
    ON kalshi.mode = pair.mode AND kalshi.venue = 'kalshi'
    AND kalshi.native_id = substr(pair.kalshi_market_id, length('kalshi:') + 1)
LEFT JOIN twoleg.catalogue_market AS polymarket
    ON polymarket.mode = pair.mode AND polymarket.venue = 'polymarket'
    AND polymarket.native_id = substr(pair.polymarket_market_id, length('polymarket:') + 1)
WHERE pair.mode = $1 AND pair.origin = 'matcher' AND pair.state <> 'retired'
    AND (kalshi_end.payouts IS NOT NULL OR polymarket_end.payouts IS NOT NULL
        OR NOT coalesce(kalshi.is_open, true) OR NOT coalesce(polymarket.is_open, true)
        OR least(kalshi.close_time, polymarket.close_time) < $2)
ORDER BY (kalshi_end.payouts IS NOT NULL AND polymarket_end.payouts IS NOT NULL) DESC, random()
LIMIT $3;

-- name: insert_family_settlement
-- How a pair settled; the first word stands.
INSERT INTO twoleg.family_settlement
    (mode, pair_id, family, is_agreeing, kalshi_payout_e4, polymarket_payout_e4, settled_time)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (mode, pair_id) DO NOTHING;

-- name: open_trade
-- The first intent of an execution; later ones (rollbacks) find it there.
INSERT INTO twoleg.arbitrage_trade
    (execution_id, mode, kalshi_account, polymarket_account, member, owner, journal_uuid,
     execution_no, opened_seq, changed_seq, pair_id, direction, state, stage, kalshi_size_e6,
     polymarket_size_e6, net_micros, opened_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, 'open', 'fired', $12, $13, $14, $15)
ON CONFLICT (execution_id) DO NOTHING;

-- name: change_trade
-- The engine moved an execution to another stage.
UPDATE twoleg.arbitrage_trade
SET stage = $4, changed_seq = $3
WHERE execution_id = $1 AND journal_uuid = $2 AND changed_seq < $3;

-- name: close_trade
-- The engine ended an execution.
UPDATE twoleg.arbitrage_trade
SET state = 'closed', stage = $4, closed_as = $5, realised_micros = $6, closed_time = $7,
    changed_seq = $3
WHERE execution_id = $1 AND journal_uuid = $2 AND changed_seq < $3;

-- name: insert_leg
-- An order about to be sent.
INSERT INTO twoleg.leg
    (mode, account, venue, order_key, member, owner, purpose, execution_id, execution_no, order_no,
     venue_order_id, market_id, outcome, side, limit_e4, size_e6, size_e6_min, spend_micros, tif,
     is_reduce_only, status, journal_uuid, intended_seq, intended_time)
VALUES
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
     'intended', $21, $22, $23)
ON CONFLICT (mode, account, venue, order_key) DO NOTHING;

-- name: answer_leg
-- What a venue said about an order; the last answer of its journal stands.
UPDATE twoleg.leg
SET status = $7,
    filled_e6 = $8,
    notional_micros = $9,
    venue_order_id = CASE WHEN $10::text = '' THEN venue_order_id ELSE $10 END,
    code = $11,
    detail = $12,
    answered_seq = $6,
    answered_time = $13
WHERE mode = $1 AND account = $2 AND venue = $3 AND order_key = $4
    AND journal_uuid = $5 AND answered_seq < $6;

-- name: insert_fill
-- A fill, booked once; the execution is found by its order, else by its number in the journal.
INSERT INTO twoleg.fill
    (mode, account, venue, fill_id, member, owner, execution_id, execution_no, order_no, order_key,
     venue_order_id, market_id, outcome, side, price_e4, size_e6, notional_micros, fee_micros,
     is_fee_modelled, status, journal_uuid, seq, event_time, booked_time)
VALUES
    ($1, $2, $3, $4, $5, $6,
     coalesce(
         (SELECT leg.execution_id FROM twoleg.leg AS leg
          WHERE leg.mode = $1 AND leg.account = $2 AND leg.venue = $3 AND leg.order_key = $9),
         (SELECT trade.execution_id FROM twoleg.arbitrage_trade AS trade
          WHERE trade.journal_uuid = $20 AND trade.execution_no = $7 AND trade.opened_seq <= $21
          ORDER BY trade.opened_seq DESC LIMIT 1)),
     $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
ON CONFLICT (mode, account, venue, fill_id) DO NOTHING;

-- name: void_fill
-- A provisional fill never was.
UPDATE twoleg.fill SET status = 'void'
WHERE mode = $1 AND account = $2 AND venue = $3 AND fill_id = $4;

-- name: finish_fill
-- A provisional fill was confirmed.
UPDATE twoleg.fill SET status = 'final'
WHERE mode = $1 AND account = $2 AND venue = $3 AND fill_id = $4 AND status = 'provisional';

-- name: refresh_leg
-- The sums of an order's fills that are not void, counted anew.
UPDATE twoleg.leg
SET booked_e6 = booked.size_e6,
    booked_notional_micros = booked.notional_micros,
    fee_micros = booked.fee_micros
FROM (
    SELECT
        coalesce(sum(fill.size_e6), 0)::bigint AS size_e6,
        coalesce(sum(fill.notional_micros), 0)::bigint AS notional_micros,
        coalesce(sum(fill.fee_micros), 0)::bigint AS fee_micros
    FROM twoleg.fill AS fill
    WHERE fill.mode = $1 AND fill.account = $2 AND fill.venue = $3 AND fill.order_key = $4
        AND fill.status <> 'void'
) AS booked
WHERE leg.mode = $1 AND leg.account = $2 AND leg.venue = $3 AND leg.order_key = $4;

-- name: insert_position_opened
-- A holding found at the start of a run.
INSERT INTO twoleg.position_opened
    (journal_uuid, seq, mode, account, member, venue, market_id, yes_e6, no_e6, found_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (journal_uuid, seq) DO NOTHING;

-- name: refresh_position
-- Holdings in one market, counted anew: a user holds what their fills sum to; arb holds what was
-- found at the last start and was no user's, and what it traded since.
WITH opened AS (
    SELECT journal_uuid, seq, yes_e6, no_e6, found_time
    FROM twoleg.position_opened
    WHERE mode = $1 AND account = $2 AND venue = $3 AND market_id = $4
    ORDER BY found_time DESC, seq DESC
    LIMIT 1
), move AS (
    SELECT
        fill.owner,
        CASE fill.side WHEN 'buy' THEN fill.size_e6 ELSE -fill.size_e6 END
            * (fill.outcome = 'yes')::integer AS yes_e6,
        CASE fill.side WHEN 'buy' THEN fill.size_e6 ELSE -fill.size_e6 END
            * (fill.outcome = 'no')::integer AS no_e6,
        CASE
            WHEN opened.seq IS NULL THEN true
            WHEN opened.journal_uuid = fill.journal_uuid THEN fill.seq > opened.seq
            ELSE fill.booked_time > opened.found_time
        END AS is_later
    FROM twoleg.fill AS fill
    LEFT JOIN opened ON true
    WHERE fill.mode = $1 AND fill.account = $2 AND fill.venue = $3 AND fill.market_id = $4
        AND fill.status <> 'void'
), held AS (
    SELECT owner, sum(yes_e6) AS yes_e6, sum(no_e6) AS no_e6
    FROM (
        SELECT owner, yes_e6, no_e6 FROM move WHERE owner <> 'arb' OR is_later
        UNION ALL
        SELECT 'arb', yes_e6, no_e6 FROM opened
        UNION ALL
        SELECT 'arb', -yes_e6, -no_e6 FROM move WHERE owner <> 'arb' AND NOT is_later
        UNION ALL
        SELECT owner, 0, 0 FROM twoleg.position
        WHERE mode = $1 AND account = $2 AND venue = $3 AND market_id = $4
    ) AS part
    GROUP BY owner
)
INSERT INTO twoleg.position
    (mode, account, venue, market_id, owner, yes_e6, no_e6, changed_time)
SELECT
    $1, $2, $3, $4, owner,
    CASE WHEN $3 = 'kalshi' THEN greatest(yes_e6 - no_e6, 0) ELSE yes_e6 END,
    CASE WHEN $3 = 'kalshi' THEN greatest(no_e6 - yes_e6, 0) ELSE no_e6 END,
    $5
FROM held
ON CONFLICT (mode, account, venue, market_id, owner) DO UPDATE SET
    yes_e6 = excluded.yes_e6, no_e6 = excluded.no_e6, changed_time = excluded.changed_time;

-- name: insert_cash_flow
-- An opening balance or a fee adjustment.
INSERT INTO twoleg.cash_flow
    (journal_uuid, seq, kind, mode, account, member, owner, venue, shard, amount_micros, flow_time)
VALUES ($1, $2, $3, $4, $5, $6, 'arb', $7, $8, $9, $10)
ON CONFLICT (journal_uuid, seq) DO NOTHING;

-- name: insert_fill_cash
-- What a fill moved, once per fill: a purchase costs notional and fee, a sale brings their difference.
INSERT INTO twoleg.cash_flow
    (journal_uuid, seq, kind, mode, account, member, owner, venue, shard, fill_id, amount_micros,
     flow_time)
SELECT
    $5, $6, 'fill', fill.mode, fill.account, fill.member, fill.owner, fill.venue,
    coalesce(market.shard, 0), fill.fill_id,
    CASE fill.side WHEN 'buy' THEN -fill.notional_micros ELSE fill.notional_micros END
        - fill.fee_micros,
    $7
FROM twoleg.fill AS fill
LEFT JOIN twoleg.market AS market
    ON market.mode = fill.mode AND market.market_id = fill.market_id
WHERE fill.mode = $1 AND fill.account = $2 AND fill.venue = $3 AND fill.fill_id = $4
    AND fill.status <> 'void'
ON CONFLICT DO NOTHING;

-- name: insert_void_cash
-- What a void fill moved comes back, once, if it ever moved.
INSERT INTO twoleg.cash_flow
    (journal_uuid, seq, kind, mode, account, member, owner, venue, shard, fill_id, amount_micros,
     flow_time)
SELECT
    $5, $6, 'fill_void', flow.mode, flow.account, flow.member, flow.owner, flow.venue, flow.shard,
    flow.fill_id, -flow.amount_micros, $7
FROM twoleg.cash_flow AS flow
WHERE flow.mode = $1 AND flow.account = $2 AND flow.venue = $3 AND flow.fill_id = $4
    AND flow.kind = 'fill'
ON CONFLICT DO NOTHING;

-- name: insert_audit
-- A note of the engine or an answer of a venue.
INSERT INTO twoleg.trade_audit_log
    (journal_uuid, seq, mode, member, account, kind, execution_id, execution_no, pair_id, venue,
     order_key, detail, event_time)
VALUES
    ($1, $2, $3, $4, $5, $6,
     coalesce(
         $7::uuid,
         (SELECT leg.execution_id FROM twoleg.leg AS leg
          WHERE leg.mode = $3 AND leg.account = $5 AND leg.venue = $10 AND leg.order_key = $11)),
     $8, $9, $10, $11, $12, $13)
ON CONFLICT (journal_uuid, seq) DO NOTHING;

-- name: insert_breaker_event
-- The breaker moved.
INSERT INTO twoleg.breaker_event
    (journal_uuid, seq, mode, member, state, reason, detail, event_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (journal_uuid, seq) DO NOTHING;

-- name: list_executions
-- Executions of one journal in order, each with the engine's closing record and its orders' states.
SELECT trade.execution_no, trade.execution_id, trade.pair_id, trade.direction, trade.state,
    trade.closed_as, trade.realised_micros,
    (SELECT audit.detail
     FROM twoleg.trade_audit_log AS audit
     WHERE audit.journal_uuid = trade.journal_uuid
         AND audit.execution_id = trade.execution_id
         AND audit.kind = 'execution_closed'
     ORDER BY audit.seq DESC
     LIMIT 1) AS closing,
    (SELECT array_agg(leg.order_key ORDER BY leg.order_no)
     FROM twoleg.leg AS leg
     WHERE leg.execution_id = trade.execution_id
         AND leg.status NOT IN ('intended', 'not_sent')) AS sent_keys
FROM twoleg.arbitrage_trade AS trade
WHERE trade.journal_uuid = $1
ORDER BY trade.execution_no;

-- name: plan_each_time
-- For sessions whose tables grow by themselves: a plan that is kept was made for fewer rows.
SET plan_cache_mode = force_custom_plan;

-- name: try_sync_lock
-- One crawl of the catalogue per database and mode; held by the session.
SELECT pg_try_advisory_lock(hashtextextended('twoleg.sync:' || $1::text, 0));

-- name: list_crawls
-- How far each list of a venue has come.
SELECT part, crawl_id, cursor, state, pages, rows, started_time, finished_time
FROM twoleg.catalogue_crawl
WHERE mode = $1 AND venue = $2;

-- name: begin_crawl
-- A list is read from its beginning; what was known of an earlier crawl of it is forgotten.
INSERT INTO twoleg.catalogue_crawl
    (mode, venue, part, cursor, state, pages, rows, changed, unreadable, started_time, moved_time,
     error)
VALUES ($1, $2, $3, '', 'running', 0, 0, 0, 0, $4, $4, '')
ON CONFLICT (mode, venue, part) DO UPDATE SET
    crawl_id = DEFAULT,
    cursor = '',
    state = 'running',
    pages = 0,
    rows = 0,
    changed = 0,
    unreadable = 0,
    started_time = excluded.started_time,
    moved_time = excluded.moved_time,
    finished_time = NULL,
    error = ''
RETURNING crawl_id;

-- name: resume_crawl
-- A list is read on from where its crawl ended.
UPDATE twoleg.catalogue_crawl SET state = 'running', error = ''
WHERE mode = $1 AND venue = $2 AND part = $3;

-- name: move_crawl
-- A page was read; runs in the transaction that brings its rows.
UPDATE twoleg.catalogue_crawl
SET cursor = $5, pages = pages + 1, rows = rows + $6, changed = changed + $7,
    unreadable = unreadable + $8, moved_time = $9
WHERE mode = $1 AND venue = $2 AND part = $3 AND crawl_id = $4;

-- name: fail_crawl
-- A list could not be read on; the next sync tries from the same place.
UPDATE twoleg.catalogue_crawl
SET state = 'failed', error = $5, moved_time = $6
WHERE mode = $1 AND venue = $2 AND part = $3 AND crawl_id = $4;

-- name: finish_crawl
-- A list was read to its end.
UPDATE twoleg.catalogue_crawl
SET state = 'done', moved_time = $5, finished_time = $5
WHERE mode = $1 AND venue = $2 AND part = $3 AND crawl_id = $4;

-- name: upsert_catalogue_groups
-- Series or events of a venue, as last read.
INSERT INTO twoleg.catalogue_group (mode, venue, kind, native_id, facts, seen_time)
SELECT $1, $2, $3, given.native_id, given.facts::jsonb, $6
FROM unnest($4::text[], $5::text[]) AS given (native_id, facts)
ORDER BY given.native_id
ON CONFLICT (mode, venue, kind, native_id) DO UPDATE SET
    facts = excluded.facts,
    seen_time = excluded.seen_time;

-- name: read_catalogue_groups
-- The facts of some series or events.
SELECT native_id, facts
FROM twoleg.catalogue_group
WHERE mode = $1 AND venue = $2 AND kind = $3 AND native_id = ANY ($4::text[]);

-- name: lock_catalogue_markets
-- What is known of a page's markets; they are locked in one order, so that writers do not block
-- each other in a circle.
SELECT native_id, content_hash
FROM twoleg.catalogue_market
WHERE mode = $1 AND venue = $2 AND native_id = ANY ($3::text[])
ORDER BY native_id
FOR UPDATE;

-- name: read_catalogue_markets
-- What a pair hangs on, of markets that are about to change.
SELECT native_id, rules_fingerprint, close_time, is_open, tokens, shard
FROM twoleg.catalogue_market
WHERE mode = $1 AND venue = $2 AND native_id = ANY ($3::text[]);

-- name: keep_catalogue_texts
-- The texts of markets whose text is about to be replaced; known ones stay as they are.
INSERT INTO twoleg.catalogue_text
    (mode, venue, native_id, rules_fingerprint, title, rules, first_seen_time)
SELECT mode, venue, native_id, rules_fingerprint, title, rules, first_seen_time
FROM twoleg.catalogue_market
WHERE mode = $1 AND venue = $2 AND native_id = ANY ($3::text[])
ORDER BY native_id
ON CONFLICT (mode, venue, native_id, rules_fingerprint) DO NOTHING;

-- name: add_catalogue_texts
-- The texts that replace them.
INSERT INTO twoleg.catalogue_text
    (mode, venue, native_id, rules_fingerprint, title, rules, first_seen_time)
SELECT $1, $2, given.native_id, given.rules_fingerprint, given.title, given.rules, $7
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[])
    AS given (native_id, rules_fingerprint, title, rules)
ORDER BY given.native_id
ON CONFLICT (mode, venue, native_id, rules_fingerprint) DO NOTHING;

-- name: upsert_catalogue_markets
-- Markets that are new or that changed.
INSERT INTO twoleg.catalogue_market
    (mode, venue, native_id, event, series, status, is_open, title, rules, listing, terms, tokens,
     shard, rules_fingerprint, content_hash, close_time, first_seen_time, changed_time)
SELECT $1, $2, given.native_id, given.event, given.series, given.status, given.is_open,
    given.title, given.rules, given.listing::jsonb, given.terms::jsonb, given.tokens::jsonb,
    given.shard, given.rules_fingerprint, given.content_hash, given.close_time, $3, $3
FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::text[],
            $10::text[], $11::text[], $12::text[], $13::text[], $14::integer[], $15::text[],
            $16::text[], $17::timestamptz[])
    AS given (native_id, event, series, status, is_open, title, rules, listing, terms, tokens,
              shard, rules_fingerprint, content_hash, close_time)
ORDER BY given.native_id
ON CONFLICT (mode, venue, native_id) DO UPDATE SET
    event = excluded.event,
    series = excluded.series,
    status = excluded.status,
    is_open = excluded.is_open,
    title = excluded.title,
    rules = excluded.rules,
    listing = excluded.listing,
    terms = excluded.terms,
    tokens = excluded.tokens,
    shard = excluded.shard,
    rules_fingerprint = excluded.rules_fingerprint,
    content_hash = excluded.content_hash,
    close_time = excluded.close_time,
    changed_time = excluded.changed_time;

-- name: see_catalogue_markets
-- Markets that were read, changed or not.
INSERT INTO twoleg.catalogue_seen (mode, venue, native_id, crawl_id, seen_time)
SELECT $1, $2, given.native_id, $4, $5
FROM unnest($3::text[]) AS given (native_id)
ORDER BY given.native_id
ON CONFLICT (mode, venue, native_id) DO UPDATE SET
    crawl_id = excluded.crawl_id,
    seen_time = excluded.seen_time;

-- name: list_unseen
-- Markets that a whole crawl has not seen, nor anybody since it began. One table at a time, here
-- and below: right after a first crawl the planner knows nothing of them.
SELECT native_id
FROM twoleg.catalogue_seen
WHERE mode = $1 AND venue = $2 AND crawl_id <> $3 AND seen_time < $4;

-- name: list_paired
-- Those of some open markets that a living pair names.
SELECT market.native_id
FROM twoleg.catalogue_market AS market
WHERE market.mode = $1 AND market.venue = $2 AND market.native_id = ANY ($3::text[])
    AND market.is_open
    AND (
        EXISTS (
            SELECT FROM twoleg.matched_market_pair AS pair
            WHERE pair.mode = $1 AND pair.state <> 'retired'
                AND pair.kalshi_market_id = $2 || ':' || market.native_id
        )
        OR EXISTS (
            SELECT FROM twoleg.matched_market_pair AS pair
            WHERE pair.mode = $1 AND pair.state <> 'retired'
                AND pair.polymarket_market_id = $2 || ':' || market.native_id
        )
    )
ORDER BY market.native_id;

-- name: mark_gone
-- Those of some markets that were open are open no more.
UPDATE twoleg.catalogue_market
SET is_open = false, status = 'gone', content_hash = '', changed_time = $4
WHERE mode = $1 AND venue = $2 AND native_id = ANY ($3::text[]) AND is_open
RETURNING native_id;

-- name: prune_catalogue
-- Markets that ended before $3 and that no pair names are forgotten; their replaced texts are not.
DELETE FROM twoleg.catalogue_market AS market
WHERE market.mode = $1 AND market.venue = $2 AND NOT market.is_open AND market.changed_time < $3
    AND NOT EXISTS (
        SELECT FROM twoleg.matched_market_pair AS pair
        WHERE pair.mode = $1 AND pair.kalshi_market_id = $2 || ':' || market.native_id
    )
    AND NOT EXISTS (
        SELECT FROM twoleg.matched_market_pair AS pair
        WHERE pair.mode = $1 AND pair.polymarket_market_id = $2 || ':' || market.native_id
    )
RETURNING market.native_id;

-- name: forget_seen
-- The counterpart of prune_catalogue.
DELETE FROM twoleg.catalogue_seen
WHERE mode = $1 AND venue = $2 AND native_id = ANY ($3::text[]);

-- name: disarm_changed_pairs
-- Pairs of the matcher do not outlive a change of what they hang on: each market with its reason.
WITH changed AS (
    SELECT given.market_id, given.reason
    FROM unnest($2::text[], $3::text[]) AS given (market_id, reason)
),
was AS (
    SELECT pair.pair_id, pair.state, changed.reason, changed.market_id
    FROM twoleg.matched_market_pair AS pair
    JOIN changed ON changed.market_id IN (pair.kalshi_market_id, pair.polymarket_market_id)
    WHERE pair.mode = $1 AND pair.origin = 'matcher' AND pair.state IN ('approved', 'armed')
    ORDER BY pair.pair_id
    FOR UPDATE OF pair
),
moved AS (
    UPDATE twoleg.matched_market_pair AS pair
    SET state = 'disarmed', state_reason = was.reason, state_time = $4
    FROM was
    WHERE pair.mode = $1 AND pair.pair_id = was.pair_id
    RETURNING pair.pair_id, was.state AS from_state, was.reason, was.market_id
)
INSERT INTO twoleg.pair_event
    (mode, pair_id, from_state, to_state, actor, reason, detail, event_time)
SELECT $1, moved.pair_id, moved.from_state, 'disarmed', 'sync', moved.reason,
    jsonb_build_object('market_id', moved.market_id), $4
FROM moved
RETURNING pair_id, reason, detail->>'market_id' AS market_id;

-- name: notify_pairs
-- Pairs have changed; told to whoever listens when the transaction ends.
SELECT pg_notify('twoleg_pairs', '');

-- name: list_known_markets
-- Which of some markets are known.
SELECT native_id
FROM twoleg.catalogue_market
WHERE mode = $1 AND venue = $2 AND native_id = ANY ($3::text[]);

-- name: count_open_markets
-- How many open markets of a venue are known.
SELECT count(*) FROM twoleg.catalogue_market WHERE mode = $1 AND venue = $2 AND is_open;

-- name: read_catalogue_market
-- One market.
SELECT venue, native_id, event, series, status, is_open, title, rules, listing, terms, tokens,
    shard, rules_fingerprint, content_hash, close_time
FROM twoleg.catalogue_market
WHERE mode = $1 AND venue = $2 AND native_id = $3;

-- name: read_open_markets
-- All open markets of a venue, in the order of their ids.
SELECT venue, native_id, event, series, status, is_open, title, rules, listing, terms, tokens,
    shard, rules_fingerprint, content_hash, close_time
FROM twoleg.catalogue_market
WHERE mode = $1 AND venue = $2 AND is_open
ORDER BY native_id;

-- name: read_text_history
-- Every text that a market has had since its first change, oldest first; nothing if it never changed.
SELECT rules_fingerprint, title, rules, first_seen_time
FROM twoleg.catalogue_text
WHERE mode = $1 AND venue = $2 AND native_id = $3
ORDER BY first_seen_time, rules_fingerprint;

-- name: list_pairs
-- Pairs in some states with the titles of their markets; $3: of one pair alone, or empty.
SELECT pair.pair_id, pair.kalshi_market_id, pair.polymarket_market_id, pair.polarity, pair.state,
       pair.kalshi_fingerprint, pair.polymarket_fingerprint, pair.similarity_e4, pair.leg_mode,
       pair.tif, pair.size_e6_max, pair.origin, pair.class, pair.family, pair.reason,
       pair.facets::text AS facets, pair.yes_token, pair.no_token, pair.yes_label, pair.no_label,
       pair.risk_grade, pair.edge_micros_min, pair.tails::text AS tails, pair.checked_time,
       pair.approved_by, pair.approved_time, pair.acknowledged::text AS acknowledged,
       pair.state_reason, pair.state_time,
       coalesce(kalshi.title, '') AS kalshi_title,
       coalesce(polymarket.title, '') AS polymarket_title
FROM twoleg.matched_market_pair AS pair
LEFT JOIN twoleg.catalogue_market AS kalshi
    ON kalshi.mode = pair.mode AND kalshi.venue = 'kalshi'
    AND kalshi.native_id = substr(pair.kalshi_market_id, length('kalshi:') + 1)
LEFT JOIN twoleg.catalogue_market AS polymarket
    ON polymarket.mode = pair.mode AND polymarket.venue = 'polymarket'
    AND polymarket.native_id = substr(pair.polymarket_market_id, length('polymarket:') + 1)
WHERE pair.mode = $1 AND pair.state = ANY($2::text[]) AND ($3::text = '' OR pair.pair_id = $3)
ORDER BY pair.pair_id;

-- name: lock_pairs
-- The found pairs are ours to change until the transaction ends.
SELECT pair_id, state
FROM twoleg.matched_market_pair
WHERE mode = $1 AND origin = 'matcher' AND pair_id = ANY($2::text[])
ORDER BY pair_id
FOR UPDATE;

-- name: insert_pair
-- The matcher found a pair. One that is known stays as it is.
INSERT INTO twoleg.matched_market_pair
    (mode, pair_id, kalshi_market_id, polymarket_market_id, polarity, state, kalshi_fingerprint,
     polymarket_fingerprint, similarity_e4, leg_mode, tif, size_e6_max, first_seen_time, seen_time,
     origin, class, family, reason, facets, yes_token, no_token, yes_label, no_label, risk_grade,
     edge_micros_min, tails, checked_time, state_time)
VALUES ($1, $2, $3, $4, $5, 'candidate', $6, $7, $8, $9, $10, $11, $12, $12, 'matcher', $13, $14,
        $15, $16, $17, $18, $19, $20, $21, $22, $23, $12, $12)
ON CONFLICT (mode, pair_id) DO NOTHING;

-- name: analyze_pairs
-- Many pairs are new; what comes next in the transaction is planned for them.
ANALYZE twoleg.matched_market_pair;

-- name: refresh_pair
-- What the matcher knows of a pair has changed; its state and who approved it are not touched.
UPDATE twoleg.matched_market_pair
SET kalshi_market_id = $3, polymarket_market_id = $4, polarity = $5, kalshi_fingerprint = $6,
    polymarket_fingerprint = $7, similarity_e4 = $8, leg_mode = $9, tif = $10, size_e6_max = $11,
    seen_time = $12, class = $13, family = $14, reason = $15, facets = $16, yes_token = $17,
    no_token = $18, yes_label = $19, no_label = $20, risk_grade = $21, edge_micros_min = $22,
    tails = $23, checked_time = $12
WHERE mode = $1 AND pair_id = $2 AND origin = 'matcher';

-- name: move_pair
-- One step in a pair's life, if it still is where it was seen.
UPDATE twoleg.matched_market_pair
SET state = $4, state_reason = $5, state_time = $6
WHERE mode = $1 AND pair_id = $2 AND origin = 'matcher' AND state = $3
RETURNING pair_id;

-- name: approve_pair
-- Who approved a pair, when, and which differences were acknowledged; beside move_pair.
UPDATE twoleg.matched_market_pair
SET approved_by = $3, approved_time = $4, acknowledged = $5
WHERE mode = $1 AND pair_id = $2 AND origin = 'matcher';

-- name: touch_pairs
-- These pairs were looked at and still hold.
UPDATE twoleg.matched_market_pair
SET checked_time = $3
WHERE mode = $1 AND origin = 'matcher' AND pair_id = ANY($2::text[]);

-- name: insert_pair_event
-- One step in a pair's life, for the record.
INSERT INTO twoleg.pair_event
    (mode, pair_id, from_state, to_state, actor, reason, detail, event_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: list_pair_events
-- The latest steps of a pair, newest first.
SELECT from_state, to_state, actor, reason, detail::text AS detail, event_time
FROM twoleg.pair_event
WHERE mode = $1 AND pair_id = $2
ORDER BY pair_event_id DESC
LIMIT $3;

-- name: last_shown
-- The texts that somebody was shown last of a pair.
SELECT detail::text
FROM twoleg.pair_event
WHERE mode = $1 AND pair_id = $2 AND actor = $3 AND reason = 'shown'
ORDER BY pair_event_id DESC
LIMIT 1;

-- name: lock_match
-- One matching at a time in a mode, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('twoleg.match:' || $1::text, 0));

-- name: share_texts
-- What the catalogue holds of some markets now; no sync changes them until the transaction ends.
SELECT venue, native_id, rules_fingerprint, content_hash, is_open
FROM twoleg.catalogue_market
WHERE mode = $1 AND (venue, native_id) IN
    (SELECT * FROM unnest($2::text[], $3::text[]) AS wanted (venue, native_id))
ORDER BY venue, native_id
FOR SHARE;

-- name: count_family_settlements
-- How the accepted pairs of each family have settled.
SELECT family, count(*) AS settled, count(*) FILTER (WHERE NOT is_agreeing) AS contradicted
FROM twoleg.family_settlement
WHERE mode = $1
GROUP BY family;

-- name: list_positions
-- What the arbitrage holds of each market, and what was spent on it: purchases and fees, less what
-- sales brought, since the account last began there.
WITH held AS (
    SELECT account, venue, market_id, yes_e6, no_e6
    FROM twoleg.position
    WHERE mode = $1 AND owner = 'arb' AND (yes_e6 <> 0 OR no_e6 <> 0)
), opened AS (
    SELECT DISTINCT ON (account, venue, market_id)
        account, venue, market_id, journal_uuid, seq, found_time
    FROM twoleg.position_opened
    WHERE mode = $1
    ORDER BY account, venue, market_id, found_time DESC, seq DESC
), spent AS (
    SELECT fill.account, fill.venue, fill.market_id,
        sum(CASE fill.side WHEN 'buy' THEN fill.notional_micros ELSE -fill.notional_micros END
            + fill.fee_micros) AS spent_micros
    FROM twoleg.fill AS fill
    LEFT JOIN opened USING (account, venue, market_id)
    WHERE fill.mode = $1 AND fill.owner = 'arb' AND fill.status <> 'void'
        AND (opened.seq IS NULL
            OR CASE WHEN opened.journal_uuid = fill.journal_uuid THEN fill.seq > opened.seq
                ELSE fill.booked_time > opened.found_time END)
    GROUP BY fill.account, fill.venue, fill.market_id
)
SELECT held.market_id, held.venue, sum(held.yes_e6)::bigint AS yes_e6,
    sum(held.no_e6)::bigint AS no_e6,
    coalesce(sum(spent.spent_micros), 0)::bigint AS spent_micros,
    coalesce(min(market.title), '') AS title, coalesce(min(market.yes_token), '') AS yes_token,
    coalesce(min(market.no_token), '') AS no_token, min(market.close_time) AS close_time,
    coalesce(min(market_end.payouts), '') AS payouts
FROM held
LEFT JOIN spent USING (account, venue, market_id)
LEFT JOIN twoleg.market AS market ON market.mode = $1 AND market.market_id = held.market_id
LEFT JOIN twoleg.market_end AS market_end
    ON market_end.mode = $1 AND market_end.market_id = held.market_id
GROUP BY held.market_id, held.venue
ORDER BY held.market_id;

-- name: list_pairs_of_markets
-- The pairs that some markets belong to, in any state.
SELECT pair_id, kalshi_market_id AS kalshi, polymarket_market_id AS polymarket, polarity, state
FROM twoleg.matched_market_pair
WHERE mode = $1
    AND (kalshi_market_id = ANY($2::text[]) OR polymarket_market_id = ANY($2::text[]))
ORDER BY pair_id;
