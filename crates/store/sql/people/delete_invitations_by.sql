-- Takes back what somebody has invited to an account: they may not any more. Index: links_by_account.
DELETE FROM links WHERE account_id = $1 AND purpose = 'invitation' AND created_by_id = $2
