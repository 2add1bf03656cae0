-- Forgets what tokens did long ago. Index: token_hours_by_age.
DELETE FROM token_hours WHERE hour < $1
