//! What the pages of sources and of destinations have in common: adding, changing and testing, forms made from a
//! description, the steps of a test, and what was done day by day.
//!
//! A handler of both directions says in its type parameter which of them its route is about.

mod add;
mod change;
mod days;
mod fields;
mod health;
mod hops;
mod places;

pub(super) use add::{add_connector, new_connector, test_new_connector};
pub(super) use change::{
    change_connector, pause_connector, remove_connector, resume_connector, retry_connector, show_settings,
    test_connector,
};
pub(super) use days::{Days, days_of, first_day};
pub(super) use health::{ATTEMPTS_SHOWN, AttemptLine, Trouble, attempt_line, rate, rate_since, troubles};
pub(super) use places::{find, list_path, may_change, own_path, title_of};
