//! What the providers of networks give and how they count it, for whoever judges by it.

pub(crate) mod aws;
