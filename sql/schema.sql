-- The present truth: what all migrations together make. A test compares the two catalogs.
--
-- Units: price_e4 is 1/10 000 dollar, size_e6 micro-contracts, _micros micro-dollars.
-- There are no foreign keys between facts: they are projections of the journal, which may name an
-- order before the market it is in, and a missing row must not stop the ones after it.

CREATE SCHEMA twoleg;

CREATE TABLE twoleg.schema_migration (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_time timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE twoleg.schema_migration IS 'Migrations applied to this database, with the SHA-256 of their text.';

CREATE TABLE twoleg.journal (
    journal_uuid uuid PRIMARY KEY,
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    member text NOT NULL,
    accounts jsonb NOT NULL,
    shipped_seq bigint NOT NULL CHECK (shipped_seq >= 0),
    opened_time timestamptz NOT NULL,
    shipped_time timestamptz NOT NULL
);
COMMENT ON TABLE twoleg.journal IS 'Local journals known here, and how far each has been copied. accounts: venue to label, of the last run.';

CREATE TABLE twoleg.journal_record (
    journal_uuid uuid NOT NULL REFERENCES twoleg.journal (journal_uuid),
    seq bigint NOT NULL CHECK (seq > 0),
    kind text NOT NULL,
    wall_time timestamptz NOT NULL,
    payload_crc32 bigint NOT NULL,
    payload jsonb NOT NULL,
    projection_error text,
    PRIMARY KEY (journal_uuid, seq)
);
COMMENT ON TABLE twoleg.journal_record IS 'Every journal record as written. projection_error tells why a record could not be projected into the other tables.';
CREATE INDEX journal_record_kind ON twoleg.journal_record (journal_uuid, kind, seq);
CREATE INDEX journal_record_unprojected ON twoleg.journal_record (journal_uuid, seq) WHERE projection_error IS NOT NULL;

CREATE TABLE twoleg.market (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    market_id text NOT NULL,
    venue text NOT NULL CHECK (venue IN ('kalshi', 'polymarket')),
    native_id text NOT NULL,
    title text NOT NULL,
    rules text NOT NULL,
    event text NOT NULL,
    series text NOT NULL,
    shard integer NOT NULL,
    price_bands jsonb NOT NULL,
    fee_rate_e6 bigint NOT NULL,
    fee_exponent integer NOT NULL,
    fee_quantum_micros bigint NOT NULL,
    balance_quantum_micros bigint NOT NULL,
    lot_e6 bigint NOT NULL CHECK (lot_e6 > 0),
    size_e6_min bigint NOT NULL,
    notional_micros_min bigint NOT NULL,
    yes_token text NOT NULL,
    no_token text NOT NULL,
    is_neg_risk boolean NOT NULL,
    seconds_delay integer NOT NULL,
    close_time timestamptz,
    is_tradable boolean NOT NULL,
    seen_time timestamptz NOT NULL,
    PRIMARY KEY (mode, market_id)
);
COMMENT ON TABLE twoleg.market IS 'Terms of a market as last read from its venue. The mode is in the key: simulated terms are not the real ones.';

CREATE TABLE twoleg.matched_market_pair (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    pair_id text NOT NULL,
    kalshi_market_id text NOT NULL,
    polymarket_market_id text NOT NULL,
    polarity text NOT NULL CHECK (polarity IN ('same', 'inverse')),
    -- candidate -> approved | armed | disarmed; approved -> armed | disarmed; armed -> disarmed;
    -- disarmed -> candidate | approved | armed; any -> retired; only an armed pair is traded
    state text NOT NULL CHECK (state IN ('candidate', 'approved', 'armed', 'disarmed', 'retired')),
    kalshi_fingerprint text NOT NULL,
    polymarket_fingerprint text NOT NULL,
    similarity_e4 integer NOT NULL CHECK (similarity_e4 BETWEEN 0 AND 10000),
    leg_mode text NOT NULL CHECK (leg_mode IN ('concurrent', 'polymarket_first', 'kalshi_first', 'auto')),
    tif text NOT NULL CHECK (tif IN ('fok', 'ioc')),
    size_e6_max bigint NOT NULL CHECK (size_e6_max >= 0),
    first_seen_time timestamptz NOT NULL,
    seen_time timestamptz NOT NULL,
    origin text NOT NULL DEFAULT 'file' CHECK (origin IN ('file', 'matcher')),
    class text NOT NULL DEFAULT '' CHECK (class IN ('', 'auto', 'review', 'deny')),
    family text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    facets jsonb NOT NULL DEFAULT '[]',
    yes_token text NOT NULL DEFAULT '',
    no_token text NOT NULL DEFAULT '',
    yes_label text NOT NULL DEFAULT '',
    no_label text NOT NULL DEFAULT '',
    risk_grade text NOT NULL DEFAULT '' CHECK (risk_grade IN ('', 'A', 'B', 'C')),
    edge_micros_min bigint NOT NULL DEFAULT 0 CHECK (edge_micros_min >= 0),
    tails jsonb NOT NULL DEFAULT '[]',
    checked_time timestamptz,
    approved_by text NOT NULL DEFAULT '',
    approved_time timestamptz,
    acknowledged jsonb NOT NULL DEFAULT '[]',
    state_reason text NOT NULL DEFAULT '',
    state_time timestamptz,
    PRIMARY KEY (mode, pair_id)
);
COMMENT ON TABLE twoleg.matched_market_pair IS 'A Kalshi and a Polymarket market that settle on the same event. Fingerprints pin the rules as approved; size_e6_max 0: the general limit holds.';
CREATE INDEX matched_market_pair_kalshi ON twoleg.matched_market_pair (mode, kalshi_market_id);
CREATE INDEX matched_market_pair_polymarket ON twoleg.matched_market_pair (mode, polymarket_market_id);
CREATE INDEX matched_market_pair_state ON twoleg.matched_market_pair (mode, origin, state);

CREATE TABLE twoleg.market_bet (
    bet_id uuid PRIMARY KEY,
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    account text NOT NULL,
    member text NOT NULL,
    owner text NOT NULL CHECK (owner <> 'arb'),
    idempotency_key text NOT NULL,
    venue text NOT NULL CHECK (venue IN ('kalshi', 'polymarket')),
    market_id text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('yes', 'no')),
    stake_micros bigint NOT NULL CHECK (stake_micros > 0),
    limit_e4 integer NOT NULL CHECK (limit_e4 BETWEEN 1 AND 9999),
    order_key text,
    -- requested -> denied | sent; sent -> filled | partial | missed | rejected | unknown; unknown -> any end
    state text NOT NULL CHECK (state IN ('requested', 'denied', 'sent', 'filled', 'partial', 'missed', 'rejected', 'unknown')),
    filled_e6 bigint NOT NULL DEFAULT 0 CHECK (filled_e6 >= 0),
    notional_micros bigint NOT NULL DEFAULT 0,
    fee_micros bigint NOT NULL DEFAULT 0,
    journal_uuid uuid NOT NULL,
    seq bigint NOT NULL,
    requested_time timestamptz NOT NULL,
    closed_time timestamptz,
    UNIQUE (mode, owner, idempotency_key)
);
COMMENT ON TABLE twoleg.market_bet IS 'A single-leg order that a user asked for. One request is one row, however often it is repeated.';
CREATE INDEX market_bet_market ON twoleg.market_bet (mode, market_id);

CREATE TABLE twoleg.arbitrage_trade (
    execution_id uuid PRIMARY KEY,
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    kalshi_account text NOT NULL,
    polymarket_account text NOT NULL,
    member text NOT NULL,
    owner text NOT NULL,
    journal_uuid uuid NOT NULL,
    execution_no bigint NOT NULL,
    opened_seq bigint NOT NULL,
    changed_seq bigint NOT NULL,
    pair_id text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('kalshi_yes', 'kalshi_no')),
    -- open -> closed
    state text NOT NULL CHECK (state IN ('open', 'closed')),
    stage text NOT NULL,
    kalshi_size_e6 bigint NOT NULL CHECK (kalshi_size_e6 >= 0),
    polymarket_size_e6 bigint NOT NULL CHECK (polymarket_size_e6 >= 0),
    net_micros bigint NOT NULL,
    realised_micros bigint,
    closed_as text,
    opened_time timestamptz NOT NULL,
    closed_time timestamptz,
    CHECK ((state = 'closed') = (closed_time IS NOT NULL))
);
COMMENT ON TABLE twoleg.arbitrage_trade IS 'One execution. stage and closed_as are the engine''s own words; net_micros was expected, realised_micros is what the engine reported at the end.';
CREATE INDEX arbitrage_trade_number ON twoleg.arbitrage_trade (journal_uuid, execution_no, opened_seq);
CREATE INDEX arbitrage_trade_opened ON twoleg.arbitrage_trade (mode, opened_time);
CREATE INDEX arbitrage_trade_pair ON twoleg.arbitrage_trade (mode, pair_id, opened_time);

CREATE TABLE twoleg.leg (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    account text NOT NULL,
    venue text NOT NULL CHECK (venue IN ('kalshi', 'polymarket')),
    order_key text NOT NULL CHECK (order_key <> ''),
    member text NOT NULL,
    owner text NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('arb', 'bet', 'rollback')),
    execution_id uuid NOT NULL,
    execution_no bigint NOT NULL,
    order_no bigint NOT NULL,
    venue_order_id text NOT NULL,
    market_id text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('yes', 'no')),
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    limit_e4 integer NOT NULL CHECK (limit_e4 BETWEEN 0 AND 10000),
    size_e6 bigint NOT NULL CHECK (size_e6 >= 0),
    size_e6_min bigint NOT NULL CHECK (size_e6_min >= 0),
    spend_micros bigint NOT NULL CHECK (spend_micros >= 0),
    tif text NOT NULL CHECK (tif IN ('fok', 'ioc', 'gtc', 'gtd')),
    is_reduce_only boolean NOT NULL,
    -- intended -> any; unknown, delayed and resting -> any end; the rest are ends
    status text NOT NULL CHECK (status IN ('intended', 'filled', 'partial', 'missed', 'rejected', 'not_sent', 'delayed', 'resting', 'unknown')),
    filled_e6 bigint NOT NULL DEFAULT 0 CHECK (filled_e6 >= 0),
    notional_micros bigint,
    booked_e6 bigint NOT NULL DEFAULT 0,
    booked_notional_micros bigint NOT NULL DEFAULT 0,
    fee_micros bigint NOT NULL DEFAULT 0,
    code text NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT '',
    journal_uuid uuid NOT NULL,
    intended_seq bigint NOT NULL,
    answered_seq bigint NOT NULL DEFAULT 0,
    intended_time timestamptz NOT NULL,
    answered_time timestamptz,
    PRIMARY KEY (mode, account, venue, order_key)
);
COMMENT ON TABLE twoleg.leg IS 'One order on one venue. filled_e6 and notional_micros (null: not told) are the last answer''s; booked_ and fee_micros are the sums of its fills that are not void.';
CREATE INDEX leg_execution ON twoleg.leg (execution_id);
CREATE INDEX leg_market ON twoleg.leg (mode, market_id);

CREATE TABLE twoleg.fill (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    account text NOT NULL,
    venue text NOT NULL CHECK (venue IN ('kalshi', 'polymarket')),
    fill_id text NOT NULL CHECK (fill_id <> ''),
    member text NOT NULL,
    owner text NOT NULL,
    execution_id uuid,
    execution_no bigint NOT NULL,
    order_no bigint NOT NULL,
    order_key text NOT NULL,
    venue_order_id text NOT NULL,
    market_id text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('yes', 'no')),
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    price_e4 integer NOT NULL CHECK (price_e4 BETWEEN 0 AND 10000),
    size_e6 bigint NOT NULL CHECK (size_e6 >= 0),
    notional_micros bigint NOT NULL,
    fee_micros bigint NOT NULL,
    is_fee_modelled boolean NOT NULL,
    -- provisional -> final | void
    status text NOT NULL CHECK (status IN ('provisional', 'final', 'void')),
    journal_uuid uuid NOT NULL,
    seq bigint NOT NULL,
    event_time timestamptz,
    booked_time timestamptz NOT NULL,
    PRIMARY KEY (mode, account, venue, fill_id)
);
COMMENT ON TABLE twoleg.fill IS 'One fill as its venue reported it, booked once. notional_micros excludes the fee; a modelled fee is corrected by a fee_adjustment in cash_flow.';
CREATE INDEX fill_order ON twoleg.fill (mode, account, venue, order_key);
CREATE INDEX fill_market ON twoleg.fill (mode, account, venue, market_id);
CREATE INDEX fill_execution ON twoleg.fill (execution_id);

CREATE TABLE twoleg.position_opened (
    journal_uuid uuid NOT NULL,
    seq bigint NOT NULL,
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    account text NOT NULL,
    member text NOT NULL,
    venue text NOT NULL CHECK (venue IN ('kalshi', 'polymarket')),
    market_id text NOT NULL,
    yes_e6 bigint NOT NULL,
    no_e6 bigint NOT NULL,
    found_time timestamptz NOT NULL,
    PRIMARY KEY (journal_uuid, seq)
);
COMMENT ON TABLE twoleg.position_opened IS 'The whole holding of an account in a market as found at the start of a run: where position counts from.';
CREATE INDEX position_opened_market ON twoleg.position_opened (mode, account, venue, market_id, found_time);

CREATE TABLE twoleg.position (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    account text NOT NULL,
    venue text NOT NULL CHECK (venue IN ('kalshi', 'polymarket')),
    market_id text NOT NULL,
    owner text NOT NULL,
    yes_e6 bigint NOT NULL,
    no_e6 bigint NOT NULL,
    changed_time timestamptz NOT NULL,
    PRIMARY KEY (mode, account, venue, market_id, owner)
);
COMMENT ON TABLE twoleg.position IS 'Holdings per owner, derived from position_opened and fill. Kalshi nets YES against NO, Polymarket does not. What was found at the start and is no user''s is arb''s.';

CREATE TABLE twoleg.cash_flow (
    journal_uuid uuid NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('opening', 'fill', 'fill_void', 'fee_adjustment', 'deposit', 'withdrawal', 'rebate', 'settlement', 'redemption', 'transfer')),
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    account text NOT NULL,
    member text NOT NULL,
    owner text NOT NULL,
    venue text NOT NULL CHECK (venue IN ('kalshi', 'polymarket')),
    shard integer NOT NULL,
    fill_id text,
    amount_micros bigint NOT NULL,
    flow_time timestamptz NOT NULL,
    PRIMARY KEY (journal_uuid, seq),
    CHECK ((fill_id IS NOT NULL) = (kind IN ('fill', 'fill_void')))
);
COMMENT ON TABLE twoleg.cash_flow IS 'What moved our cash, signed as seen by us. An opening is the balance found at the start of a run, of all owners together, not a movement.';
CREATE UNIQUE INDEX cash_flow_fill ON twoleg.cash_flow (mode, account, venue, fill_id, kind) WHERE fill_id IS NOT NULL;
CREATE INDEX cash_flow_time ON twoleg.cash_flow (mode, account, venue, flow_time);

CREATE TABLE twoleg.breaker_event (
    journal_uuid uuid NOT NULL,
    seq bigint NOT NULL,
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    member text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    detail jsonb NOT NULL,
    event_time timestamptz NOT NULL,
    PRIMARY KEY (journal_uuid, seq)
);
COMMENT ON TABLE twoleg.breaker_event IS 'Every change of the circuit breaker, in the engine''s own words.';
CREATE INDEX breaker_event_time ON twoleg.breaker_event (mode, event_time);

CREATE TABLE twoleg.trade_audit_log (
    journal_uuid uuid NOT NULL,
    seq bigint NOT NULL,
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    member text NOT NULL,
    account text NOT NULL,
    kind text NOT NULL,
    execution_id uuid,
    execution_no bigint NOT NULL,
    pair_id text NOT NULL,
    venue text NOT NULL,
    order_key text NOT NULL,
    detail jsonb NOT NULL,
    event_time timestamptz NOT NULL,
    PRIMARY KEY (journal_uuid, seq)
);
COMMENT ON TABLE twoleg.trade_audit_log IS 'Every note of the engine and every answer of a venue, append-only. venue, account, order_key and pair_id are empty where they do not apply.';
CREATE INDEX trade_audit_log_execution ON twoleg.trade_audit_log (execution_id, seq);
CREATE INDEX trade_audit_log_time ON twoleg.trade_audit_log (mode, event_time);

CREATE TABLE twoleg.catalogue_market (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    venue text NOT NULL CHECK (venue IN ('kalshi', 'polymarket')),
    native_id text NOT NULL,
    event text NOT NULL,
    series text NOT NULL,
    status text NOT NULL,
    is_open boolean NOT NULL,
    title text NOT NULL,
    rules text NOT NULL,
    listing jsonb NOT NULL,
    terms jsonb NOT NULL,
    tokens jsonb NOT NULL,
    shard integer NOT NULL,
    rules_fingerprint text NOT NULL,
    content_hash text NOT NULL,
    close_time timestamptz,
    first_seen_time timestamptz NOT NULL,
    changed_time timestamptz NOT NULL,
    PRIMARY KEY (mode, venue, native_id)
);
COMMENT ON TABLE twoleg.catalogue_market IS 'Every market that a crawl has seen, as last read. status is the venue''s own word, or gone; tokens: label to token id; content_hash covers all that was read.';
CREATE INDEX catalogue_market_changed ON twoleg.catalogue_market (mode, venue, changed_time);

CREATE TABLE twoleg.catalogue_seen (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    venue text NOT NULL CHECK (venue IN ('kalshi', 'polymarket')),
    native_id text NOT NULL,
    crawl_id bigint NOT NULL,
    seen_time timestamptz NOT NULL,
    PRIMARY KEY (mode, venue, native_id)
) WITH (fillfactor = 50);
COMMENT ON TABLE twoleg.catalogue_seen IS 'When each market was last read, and by which crawl. Apart, so that a crawl does not write every unchanged market anew.';

CREATE TABLE twoleg.catalogue_group (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    venue text NOT NULL CHECK (venue IN ('kalshi', 'polymarket')),
    kind text NOT NULL CHECK (kind IN ('series', 'event')),
    native_id text NOT NULL,
    facts jsonb NOT NULL,
    seen_time timestamptz NOT NULL,
    PRIMARY KEY (mode, venue, kind, native_id)
);
COMMENT ON TABLE twoleg.catalogue_group IS 'What the markets of a series or an event share and do not tell themselves: titles, fees, shard.';

CREATE TABLE twoleg.catalogue_text (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    venue text NOT NULL CHECK (venue IN ('kalshi', 'polymarket')),
    native_id text NOT NULL,
    rules_fingerprint text NOT NULL,
    title text NOT NULL,
    rules text NOT NULL,
    first_seen_time timestamptz NOT NULL,
    PRIMARY KEY (mode, venue, native_id, rules_fingerprint)
);
COMMENT ON TABLE twoleg.catalogue_text IS 'Every text of a market whose text has changed, the replaced and the new one, append-only.';

CREATE TABLE twoleg.catalogue_crawl (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    venue text NOT NULL CHECK (venue IN ('kalshi', 'polymarket')),
    part text NOT NULL,
    crawl_id bigint GENERATED ALWAYS AS IDENTITY,
    cursor text NOT NULL,
    -- running -> done | failed; failed -> running; done -> running (the next crawl)
    state text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    pages bigint NOT NULL CHECK (pages >= 0),
    rows bigint NOT NULL CHECK (rows >= 0),
    changed bigint NOT NULL CHECK (changed >= 0),
    unreadable bigint NOT NULL CHECK (unreadable >= 0),
    started_time timestamptz NOT NULL,
    moved_time timestamptz NOT NULL,
    finished_time timestamptz,
    error text NOT NULL,
    PRIMARY KEY (mode, venue, part)
);
COMMENT ON TABLE twoleg.catalogue_crawl IS 'One list of one venue and how far its crawl has come. The cursor is written with the rows of its page.';

CREATE TABLE twoleg.pair_event (
    pair_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    pair_id text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    detail jsonb NOT NULL,
    event_time timestamptz NOT NULL
);
COMMENT ON TABLE twoleg.pair_event IS 'Every step in the life of a pair, append-only. from_state is empty for a pair that is new.';
CREATE INDEX pair_event_pair ON twoleg.pair_event (mode, pair_id, pair_event_id);

CREATE TABLE twoleg.family_settlement (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    pair_id text NOT NULL,
    family text NOT NULL,
    is_agreeing boolean NOT NULL,
    kalshi_payout_e4 integer NOT NULL CHECK (kalshi_payout_e4 BETWEEN 0 AND 10000),
    polymarket_payout_e4 integer NOT NULL CHECK (polymarket_payout_e4 BETWEEN 0 AND 10000),
    settled_time timestamptz NOT NULL,
    PRIMARY KEY (mode, pair_id)
);
COMMENT ON TABLE twoleg.family_settlement IS 'How both legs of a pair settled: what one contract of YES paid on each venue, and whether that agrees under the polarity.';
CREATE INDEX family_settlement_family ON twoleg.family_settlement (mode, family);

CREATE TABLE twoleg.market_end (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    market_id text NOT NULL,
    payouts text NOT NULL,
    end_time timestamptz NOT NULL,
    PRIMARY KEY (mode, market_id)
);
COMMENT ON TABLE twoleg.market_end IS 'What the outcomes of a market that is resolved pay: name=payout in 1/10 000 dollar, with commas between; names are Polymarket''s tokens, or yes and no on Kalshi.';

CREATE FUNCTION twoleg.refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END;
$$;

CREATE TRIGGER trade_audit_log_append_only
BEFORE UPDATE OR DELETE ON twoleg.trade_audit_log
FOR EACH ROW EXECUTE FUNCTION twoleg.refuse_change();

CREATE TRIGGER trade_audit_log_keep
BEFORE TRUNCATE ON twoleg.trade_audit_log
FOR EACH STATEMENT EXECUTE FUNCTION twoleg.refuse_change();

CREATE TRIGGER pair_event_append_only
BEFORE UPDATE OR DELETE ON twoleg.pair_event
FOR EACH ROW EXECUTE FUNCTION twoleg.refuse_change();

CREATE TRIGGER pair_event_keep
BEFORE TRUNCATE ON twoleg.pair_event
FOR EACH STATEMENT EXECUTE FUNCTION twoleg.refuse_change();

CREATE TRIGGER catalogue_text_append_only
BEFORE UPDATE OR DELETE ON twoleg.catalogue_text
FOR EACH ROW EXECUTE FUNCTION twoleg.refuse_change();

CREATE TRIGGER catalogue_text_keep
BEFORE TRUNCATE ON twoleg.catalogue_text
FOR EACH STATEMENT EXECUTE FUNCTION twoleg.refuse_change();
