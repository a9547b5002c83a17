-- The markets of both venues as crawled, and the life of the pairs found among them.
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

ALTER TABLE twoleg.matched_market_pair
    DROP CONSTRAINT matched_market_pair_state_check,
    ADD CONSTRAINT matched_market_pair_state_check CHECK (state IN ('candidate', 'approved', 'armed', 'disarmed', 'retired')),
    ADD COLUMN origin text NOT NULL DEFAULT 'file' CHECK (origin IN ('file', 'matcher')),
    ADD COLUMN class text NOT NULL DEFAULT '' CHECK (class IN ('', 'auto', 'review', 'deny')),
    ADD COLUMN family text NOT NULL DEFAULT '',
    ADD COLUMN reason text NOT NULL DEFAULT '',
    ADD COLUMN facets jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN yes_token text NOT NULL DEFAULT '',
    ADD COLUMN no_token text NOT NULL DEFAULT '',
    ADD COLUMN yes_label text NOT NULL DEFAULT '',
    ADD COLUMN no_label text NOT NULL DEFAULT '',
    ADD COLUMN risk_grade text NOT NULL DEFAULT '' CHECK (risk_grade IN ('', 'A', 'B', 'C')),
    ADD COLUMN edge_micros_min bigint NOT NULL DEFAULT 0 CHECK (edge_micros_min >= 0),
    ADD COLUMN tails jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN checked_time timestamptz,
    ADD COLUMN approved_by text NOT NULL DEFAULT '',
    ADD COLUMN approved_time timestamptz,
    ADD COLUMN acknowledged jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN state_reason text NOT NULL DEFAULT '',
    ADD COLUMN state_time timestamptz;
CREATE INDEX matched_market_pair_state ON twoleg.matched_market_pair (mode, origin, state);

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
