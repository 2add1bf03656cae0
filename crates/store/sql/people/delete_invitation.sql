-- Takes an invitation back. Unique index of link_id.
DELETE FROM links WHERE link_id = $1 AND account_id = $2 AND purpose = 'invitation'
