-- Orders may rest: good till canceled or till a date, and an answer that says so.
ALTER TABLE twoleg.leg
    DROP CONSTRAINT leg_tif_check,
    ADD CONSTRAINT leg_tif_check CHECK (tif IN ('fok', 'ioc', 'gtc', 'gtd')),
    DROP CONSTRAINT leg_status_check,
    ADD CONSTRAINT leg_status_check CHECK (status IN ('intended', 'filled', 'partial', 'missed', 'rejected', 'not_sent', 'delayed', 'resting', 'unknown'));
