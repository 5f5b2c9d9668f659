//! The commands that read the table, tested with the `insights` binary.
mod asking;
mod compliance;
mod counts;
mod hostile;
mod incidents;
mod list;
mod manners;
mod queries;
mod readiness;
mod series;
mod show;
mod status;
mod timeline;
mod zones;
