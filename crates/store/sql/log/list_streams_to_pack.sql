-- Streams with events that the packer has not seen, the furthest behind first.
SELECT s.stream_id, s.next_position - 1 - COALESCE(c.position, 0) AS behind
FROM streams AS s LEFT JOIN cursors AS c ON c.stream_id = s.stream_id AND c.name = 'packer'
WHERE s.next_position - 1 - COALESCE(c.position, 0) >= $1 ORDER BY 2 DESC LIMIT $2
