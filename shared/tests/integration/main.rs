//! The store against the embedded DynamoDB, and roles against the simulated STS.

#![cfg(test)]

mod roles;
mod store;
