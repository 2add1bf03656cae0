//! An upstream that answers as it is told to.
