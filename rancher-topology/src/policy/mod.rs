//! Which packets are admitted.
