-- Every stream of the hub, or of one account when $1 is not empty. Scan.
SELECT stream_id, account_id, feature, next_position, last_arrival FROM streams
WHERE $1 = '' OR account_id = $1 ORDER BY account_id, feature
