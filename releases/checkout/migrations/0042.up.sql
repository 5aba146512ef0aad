-- Expand: what is there stays as it is, so the version before this one goes on working.
SET lock_timeout = '2s';
CREATE TABLE gift_cards (
    code text PRIMARY KEY,
    balance_cents bigint NOT NULL CHECK (balance_cents >= 0),
    expires_at timestamptz
);
ALTER TABLE payments ADD COLUMN gift_card text;
