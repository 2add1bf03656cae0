-- Ends a running replay. Primary key.
UPDATE replays SET state = $2, done_at = $3 WHERE replay_id = $1 AND state = 'running'
