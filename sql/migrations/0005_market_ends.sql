-- How markets ended, by their venues: what settlements are compared by.
CREATE TABLE twoleg.market_end (
    mode text NOT NULL CHECK (mode IN ('sim', 'paper', 'live')),
    market_id text NOT NULL,
    payouts text NOT NULL,
    end_time timestamptz NOT NULL,
    PRIMARY KEY (mode, market_id)
);
COMMENT ON TABLE twoleg.market_end IS 'What the outcomes of a market that is resolved pay: name=payout in 1/10 000 dollar, with commas between; names are Polymarket''s tokens, or yes and no on Kalshi.';
