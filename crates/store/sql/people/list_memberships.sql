-- The accounts of a person, by name, with what the person may do there. Index: memberships_by_person.
SELECT a.account_id, a.name, a.retention_days, a.created_at, m.role, m.state
FROM memberships AS m INNER JOIN accounts AS a ON a.account_id = m.account_id
WHERE m.person_id = $1 ORDER BY a.name, a.account_id LIMIT 10000
