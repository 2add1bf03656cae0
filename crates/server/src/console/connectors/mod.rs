//! What the pages of destinations have in common with those of every other kind of connector: forms made from a
//! description, the steps of a test, and what was done day by day.

mod days;
mod fields;
mod hops;

pub(super) use days::{Days, days_of, first_day};
pub(super) use fields::{CONNECTOR_NAME, Control, Fields, Filled, Kept, add_problems};
pub(super) use hops::Walk;
