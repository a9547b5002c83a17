-- Money that moves without a trade of ours, as the venues tell it.
ALTER TABLE twoleg.cash_flow
    DROP CONSTRAINT cash_flow_kind_check,
    ADD CONSTRAINT cash_flow_kind_check CHECK (kind IN ('opening', 'fill', 'fill_void', 'fee_adjustment', 'deposit', 'withdrawal', 'rebate', 'settlement', 'redemption', 'transfer'));
