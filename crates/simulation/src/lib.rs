//! A believable company.
