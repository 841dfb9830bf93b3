-- The id in the system that the account comes from.
ALTER TABLE accounts ADD COLUMN external_id TEXT;

-- What an import has read in that system last, as digests: tells what has changed there and what here.
ALTER TABLE accounts ADD COLUMN imported TEXT;
