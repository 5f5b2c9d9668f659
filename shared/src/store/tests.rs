//! Tests of the store against the embedded DynamoDB.
