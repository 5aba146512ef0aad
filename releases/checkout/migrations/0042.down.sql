ALTER TABLE payments DROP COLUMN gift_card;
DROP TABLE gift_cards;
