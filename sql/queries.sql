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
