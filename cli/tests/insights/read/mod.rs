//! The commands that read the table, by the program that is shipped. One program of tests, so that the story is collected
//! once.
mod asking;
mod compliance;
mod counts;
mod hostile;
mod list;
mod manners;
mod queries;
mod readiness;
mod series;
mod show;
mod status;
mod timeline;
mod zones;
