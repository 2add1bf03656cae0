-- Who has done something in an account, by name, for a filter. Index: actions_by_time.
SELECT actor_id, MAX(actor_name) AS actor_name FROM actions WHERE account_id = $1
GROUP BY actor_id ORDER BY 2, 1 LIMIT 200
