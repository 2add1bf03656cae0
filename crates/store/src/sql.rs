//! Every SQL statement of the store, a file each under `sql/`. One text serves both engines; where a dialect forces
//! another, `name.postgres.sql` stands beside it.

use crate::database::Backend;

/// One statement in both dialects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement {
    sqlite: Option<&'static str>,
    postgres: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "the test that finds forgotten files compares it"))]
    file: &'static str,
}

impl Statement {
    /// Its text for an engine.
    pub(crate) fn text(&self, backend: Backend) -> &'static str {
        match backend {
            Backend::Sqlite => self.sqlite.expect("a statement of PostgreSQL alone is not asked of SQLite"),
            Backend::Postgres => self.postgres,
        }
    }
}

macro_rules! statements {
    ($($name:ident = $file:literal $([$postgres:tt])?;)+) => {
        $(pub(crate) const $name: Statement = statement!($file $([$postgres])?);)+

        #[cfg(test)]
        pub(crate) const ALL: &[Statement] = &[$($name),+];
    };
}

macro_rules! statement {
    ($file:literal) => {
        Statement {
            sqlite: Some(include_str!(concat!("../sql/", $file, ".sql"))),
            postgres: include_str!(concat!("../sql/", $file, ".sql")),
            file: $file,
        }
    };
    ($file:literal [both]) => {
        Statement {
            sqlite: Some(include_str!(concat!("../sql/", $file, ".sql"))),
            postgres: include_str!(concat!("../sql/", $file, ".postgres.sql")),
            file: $file,
        }
    };
    ($file:literal [alone]) => {
        Statement { sqlite: None, postgres: include_str!(concat!("../sql/", $file, ".postgres.sql")), file: $file }
    };
}

statements! {
    FIND_STREAM = "log/find_stream";
    INSERT_STREAM = "log/insert_stream";
    LOCK_STREAM = "log/lock_stream" [both];
    ADVANCE_STREAM = "log/advance_stream";
    LIST_STREAMS = "log/list_streams";
    INSERT_BLOCK = "log/insert_block";
    DELETE_BLOCK = "log/delete_block";
    LIST_BLOCKS = "log/list_blocks";
    READ_BLOCK = "log/read_block";
    FIND_BLOCK_BY_TIME = "log/find_block_by_time";
    FIND_BLOCK_BY_ARRIVAL = "log/find_block_by_arrival";
    LIST_EXPIRED_BLOCKS = "log/list_expired_blocks";
    LIST_STREAMS_TO_PACK = "log/list_streams_to_pack";
    STREAM_SIZES = "log/stream_sizes";
    INSERT_IDEMPOTENCY_KEY = "log/insert_idempotency_key";
    FIND_IDEMPOTENCY_KEY = "log/find_idempotency_key";
    DELETE_IDEMPOTENCY_KEY = "log/delete_idempotency_key";
    DELETE_OLD_IDEMPOTENCY_KEYS = "log/delete_old_idempotency_keys";
    COUNT_ARRIVALS = "log/count_arrivals";
    NOTIFY_APPEND = "log/notify_append" [alone];
    INSERT_CURSOR = "cursors/insert_cursor";
    LOAD_CURSOR = "cursors/load_cursor";
    LEASE_CURSOR = "cursors/lease_cursor";
    RELEASE_CURSOR = "cursors/release_cursor";
    COMMIT_CURSOR = "cursors/commit_cursor";
    LIST_CURSORS = "cursors/list_cursors";
    RENEW_CURSOR = "cursors/renew_cursor";
    LIST_NAMED_CURSORS = "cursors/list_named_cursors";
    DELETE_CURSORS = "cursors/delete_cursors";
    INSERT_ACCOUNT = "catalog/insert_account";
    LIST_ACCOUNTS = "catalog/list_accounts";
    FIND_ACCOUNT = "catalog/find_account";
    UPDATE_ACCOUNT_RETENTION = "catalog/update_account_retention";
    INSERT_INTEGRATION = "catalog/insert_integration";
    LIST_INTEGRATIONS = "catalog/list_integrations";
    UPDATE_INTEGRATION_STATE = "catalog/update_integration_state";
    INSERT_TOKEN = "catalog/insert_token";
    FIND_TOKEN = "catalog/find_token";
    LIST_TOKENS = "catalog/list_tokens";
    LIST_TOKEN_USES = "catalog/list_token_uses";
    RENAME_TOKEN = "catalog/rename_token";
    REVOKE_TOKEN = "catalog/revoke_token";
    RECORD_TOKEN_USE = "catalog/record_token_use";
    INSERT_SIGNING_KEY = "catalog/insert_signing_key";
    LIST_SIGNING_KEYS = "catalog/list_signing_keys";
    UPDATE_SIGNING_KEY_STATUS = "catalog/update_signing_key_status";
    RETAIN_ACTIVE_SIGNING_KEYS = "catalog/retain_active_signing_keys";
    INSERT_HUB_SECRET = "catalog/insert_hub_secret";
    FIND_HUB_SECRET = "catalog/find_hub_secret";
    INSERT_ADMINISTRATION_TOKEN = "catalog/insert_administration_token";
    FIND_ADMINISTRATION_TOKEN = "catalog/find_administration_token";
    UPDATE_ACCOUNT_NAME = "catalog/update_account_name";
    RENAME_INTEGRATION = "catalog/rename_integration";
    RESTORE_INTEGRATION = "catalog/restore_integration";
    FIND_INTEGRATION = "catalog/find_integration";
    UPDATE_TOKEN_RIGHTS = "catalog/update_token_rights";
    RECORD_TOKEN_HOUR = "catalog/record_token_hour";
    LIST_TOKEN_HOURS = "catalog/list_token_hours";
    DELETE_OLD_TOKEN_HOURS = "catalog/delete_old_token_hours";
    RECORD_TOKEN_REFUSAL = "catalog/record_token_refusal";
    LIST_TOKEN_REFUSALS = "catalog/list_token_refusals";
    LIST_ENDING_TOKENS = "catalog/list_ending_tokens";
    INSERT_TOKEN_NOTICE = "catalog/insert_token_notice";
    LIST_ADMINISTRATION_TOKENS = "catalog/list_administration_tokens";
    DELETE_ADMINISTRATION_TOKEN = "catalog/delete_administration_token";
    DELETE_INVITATION = "people/delete_invitation";
    DELETE_LINKS_FOR = "people/delete_links_for";
    DELETE_MEMBERSHIP = "people/delete_membership";
    DELETE_OLD_LINKS = "people/delete_old_links";
    DELETE_OLD_SESSIONS = "people/delete_old_sessions";
    DELETE_OTHER_SESSIONS = "people/delete_other_sessions";
    DELETE_PASSKEY = "people/delete_passkey";
    DELETE_PASSKEYS = "people/delete_passkeys";
    DELETE_SESSION = "people/delete_session";
    FIND_ANY_PERSON = "people/find_any_person";
    FIND_LINK = "people/find_link";
    FIND_PASSKEY = "people/find_passkey";
    FIND_PERSON = "people/find_person";
    FIND_PERSON_BY_EMAIL = "people/find_person_by_email";
    FIND_SESSION = "people/find_session";
    INSERT_LINK = "people/insert_link";
    INSERT_MEMBERSHIP = "people/insert_membership";
    INSERT_PASSKEY = "people/insert_passkey";
    INSERT_PERSON = "people/insert_person";
    INSERT_SESSION = "people/insert_session";
    LIST_INVITATIONS = "people/list_invitations";
    LIST_MEMBERS = "people/list_members";
    LIST_MEMBERSHIPS = "people/list_memberships";
    LIST_PASSKEYS = "people/list_passkeys";
    LIST_PEOPLE = "people/list_people";
    LIST_SESSIONS = "people/list_sessions";
    REHASH_PASSWORD = "people/rehash_password";
    DELETE_INVITATIONS_BY = "people/delete_invitations_by";
    LOCK_PERSON = "people/lock_person";
    COUNT_WAYS_IN = "people/count_ways_in";
    LOCK_ACCOUNT = "people/lock_account";
    RECORD_SIGN_IN = "people/record_sign_in";
    RENAME_PASSKEY = "people/rename_passkey";
    TOUCH_SESSION = "people/touch_session";
    UPDATE_MEMBERSHIP = "people/update_membership";
    UPDATE_PASSKEY = "people/update_passkey";
    UPDATE_PASSWORD = "people/update_password";
    UPDATE_PERSON_NAME = "people/update_person_name";
    USE_LINK = "people/use_link";
    INSERT_ACTION = "audit/insert_action";
    LIST_ACTIONS = "audit/list_actions";
    LIST_ACTORS = "audit/list_actors";
    COUNT_DEAD_LETTERS = "connectors/count_dead_letters";
    DELETE_CONNECTOR_ATTEMPTS = "connectors/delete_attempts";
    DELETE_DEAD_LETTERS = "connectors/delete_dead_letters";
    DELETE_CONNECTOR_HEALTH = "connectors/delete_health";
    DELETE_CONNECTOR_HOURS = "connectors/delete_hours";
    DELETE_CONNECTOR_NOTICES = "connectors/delete_notices";
    INSERT_CONNECTOR_NOTICE = "connectors/insert_notice";
    DELETE_OLD_CONNECTOR_ATTEMPTS = "connectors/delete_old_attempts";
    DELETE_OLD_CONNECTOR_HOURS = "connectors/delete_old_hours";
    DELETE_REPLAY_CURSORS = "connectors/delete_replay_cursors";
    DELETE_REPLAYS = "connectors/delete_replays";
    DELETE_SOURCE_CURSORS = "connectors/delete_source_cursors";
    END_REPLAY = "connectors/end_replay";
    FIND_CONNECTOR = "connectors/find_connector";
    FIND_DEAD_LETTER = "connectors/find_dead_letter";
    FIND_REPLAY = "connectors/find_replay";
    INSERT_CONNECTOR_ATTEMPT = "connectors/insert_attempt";
    INSERT_CONNECTOR = "connectors/insert_connector";
    INSERT_DEAD_LETTER = "connectors/insert_dead_letter";
    INSERT_REPLAY = "connectors/insert_replay";
    INSERT_SOURCE_CURSOR = "connectors/insert_source_cursor";
    LEASE_SOURCE_CURSOR = "connectors/lease_source_cursor";
    LIST_ALL_CONNECTORS = "connectors/list_all_connectors";
    LIST_CONNECTOR_ATTEMPTS = "connectors/list_attempts";
    LIST_CONNECTORS = "connectors/list_connectors";
    LIST_DEAD_LETTERS = "connectors/list_dead_letters";
    LIST_CONNECTOR_HEALTH = "connectors/list_health";
    LIST_CONNECTOR_HOURS = "connectors/list_hours";
    LIST_QUEUED_DEAD_LETTERS = "connectors/list_queued_dead_letters";
    LIST_REPLAYS = "connectors/list_replays";
    LIST_RUNNING_REPLAYS = "connectors/list_running_replays";
    LIST_SOURCE_CURSORS = "connectors/list_source_cursors";
    LOAD_SOURCE_CURSOR = "connectors/load_source_cursor";
    LOCK_CONNECTOR = "connectors/lock_connector" [both];
    MOVE_SOURCE_CURSOR = "connectors/move_source_cursor";
    NUMBER_DEAD_LETTERS = "connectors/number_dead_letters";
    QUEUE_DEAD_LETTERS = "connectors/queue_dead_letters";
    RECORD_CONNECTOR_HEALTH = "connectors/record_health";
    RECORD_CONNECTOR_HOUR = "connectors/record_hour";
    REFUSE_DEAD_LETTER = "connectors/refuse_dead_letter";
    RELEASE_SOURCE_CURSOR = "connectors/release_source_cursor";
    SUM_CONNECTOR_REVISIONS = "connectors/sum_revisions";
    UPDATE_CONNECTOR = "connectors/update_connector";
    LIST_SEALED = "sealing/list_sealed";
    RESEAL_HUB_SECRET = "sealing/reseal_hub_secret";
    RESEAL_SIGNING_KEY = "sealing/reseal_signing_key";
    RESEAL_CONNECTOR = "sealing/reseal_connector";
    ATTEND = "sealing/attend" [alone];
    HAVE_ALONE = "sealing/have_alone" [alone];
}

/// The tables, as migrations that only add.
pub(crate) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "log", include_str!("../sql/migrations/0001_log.sql")),
    (2, "catalog", include_str!("../sql/migrations/0002_catalog.sql")),
    (3, "console", include_str!("../sql/migrations/0003_console.sql")),
    (4, "connectors", include_str!("../sql/migrations/0004_connectors.sql")),
    (5, "connector_notices", include_str!("../sql/migrations/0005_connector_notices.sql")),
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use sqlx::Executor;

    use super::*;
    use crate::{Database, DatabaseOptions};

    #[test]
    fn every_file_is_a_statement() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
        let mut files = BTreeSet::new();
        for folder in ["log", "cursors", "catalog", "people", "audit", "connectors", "sealing"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                let stem = name.trim_end_matches(".sql").trim_end_matches(".postgres");
                files.insert(format!("{folder}/{stem}"));
            }
        }
        assert_eq!(files, ALL.iter().map(|statement| statement.file.to_owned()).collect());
    }

    #[tokio::test]
    async fn every_statement_prepares_on_both_engines() {
        let folder = tempfile::tempdir().unwrap();
        let postgres = daybook_testkit::TestDatabase::create();
        for options in [DatabaseOptions::sqlite(folder.path()), DatabaseOptions::postgres(&postgres.url())] {
            let database = Database::open(options).await.unwrap();
            let mut connection = database.readers().acquire().await.unwrap();
            for statement in ALL {
                if database.backend() == Backend::Sqlite && statement.sqlite.is_none() {
                    continue;
                }
                let text = sqlx::AssertSqlSafe(statement.text(database.backend()));
                let prepared = (&mut *connection).prepare(sqlx::SqlSafeStr::into_sql_str(text)).await;
                assert!(prepared.is_ok(), "{}: {:?}", statement.file, prepared.err());
            }
            drop(connection);
            database.close().await;
        }
    }
}
