//! Properties of one object type in one account.
