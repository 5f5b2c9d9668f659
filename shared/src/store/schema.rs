//! The table itself, as `template.yaml` declares it (a test holds the two together).

use super::Store;
use crate::issue::CallError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    PointInTimeRecoverySpecification, Projection, ProjectionType, ScalarAttributeType, SseSpecification,
    StreamSpecification, StreamViewType, TimeToLiveSpecification,
};
use aws_sdk_dynamodb::{Client, error::SdkError};

/// The index of insights that are open now.
pub const OPEN: &str = "open";
/// The index of what is over, by the UTC day on which it ended.
pub const BY_DAY: &str = "by_day";
/// The index of everything about one entity, and of the targets of a source.
pub const BY_ENTITY: &str = "by_entity";

/// The indexes with their partition and sort keys.
pub const INDEXES: [(&str, &str, &str); 3] =
    [(OPEN, "open_pk", "open_sk"), (BY_DAY, "day_pk", "day_sk"), (BY_ENTITY, "entity_pk", "entity_sk")];

/// What every index projects: the envelope, without `detail`, `timestamps` and `values`.
pub const ENVELOPE: [&str; 20] = [
    "kind",
    "source",
    "account_id",
    "region",
    "schema_version",
    "id",
    "title",
    "status",
    "status_reason",
    "severity",
    "entity",
    "measures",
    "started_at",
    "ended_at",
    "updated_at",
    "answered_at",
    "observed_at",
    "collected_by",
    "content_hash",
    "expires_at",
];

/// Creates the table and switches its time to live on. A table that is there already is left as it is: `false`.
pub async fn create_table(client: &Client, table: &str) -> Result<bool, CallError> {
    let mut create = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .deletion_protection_enabled(true)
        .sse_specification(SseSpecification::builder().enabled(true).build())
        .set_key_schema(Some(key_schema("pk", "sk")))
        .attribute_definitions(string("pk"))
        .attribute_definitions(string("sk"))
        .stream_specification(
            StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewAndOldImages)
                .build()
                .map_err(|error| CallError::malformed("CreateTable", error.to_string()))?,
        );
    for (name, partition, sort) in INDEXES {
        let projection = Projection::builder()
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(ENVELOPE.iter().map(|name| (*name).to_owned()).collect()))
            .build();
        let index = GlobalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(Some(key_schema(partition, sort)))
            .projection(projection)
            .build()
            .map_err(|error| CallError::malformed("CreateTable", error.to_string()))?;
        create = create
            .attribute_definitions(string(partition))
            .attribute_definitions(string(sort))
            .global_secondary_indexes(index);
    }
    match create.send().await {
        Ok(_) => {}
        Err(SdkError::ServiceError(error)) if error.err().is_resource_in_use_exception() => return Ok(false),
        Err(error) => return Err(CallError::from_sdk("CreateTable", &error)),
    }
    wait_until_active(client, table).await?;
    let expiry = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name("expires_at")
        .build()
        .map_err(|error| CallError::malformed("UpdateTimeToLive", error.to_string()))?;
    client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(expiry)
        .send()
        .await
        .map_err(|error| CallError::from_sdk("UpdateTimeToLive", &error))?;
    recover_to_any_point(client, table).await?;
    Ok(true)
}

/// Switches point-in-time recovery on. A DynamoDB on one machine has no backups, and says so.
async fn recover_to_any_point(client: &Client, table: &str) -> Result<(), CallError> {
    const OPERATION: &str = "UpdateContinuousBackups";
    let recovery = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .build()
        .map_err(|error| CallError::malformed(OPERATION, error.to_string()))?;
    let update =
        client.update_continuous_backups().table_name(table).point_in_time_recovery_specification(recovery);
    match update.send().await {
        Ok(_) => Ok(()),
        Err(error) => match CallError::from_sdk(OPERATION, &error) {
            error if error.is("UnknownOperationException") => Ok(()),
            error => Err(error),
        },
    }
}

async fn wait_until_active(client: &Client, table: &str) -> Result<(), CallError> {
    use aws_sdk_dynamodb::client::Waiters;
    let waited =
        client.wait_until_table_exists().table_name(table).wait(std::time::Duration::from_mins(2)).await;
    waited.map(|_| ()).map_err(|error| CallError::malformed("DescribeTable", crate::issue::chain(&error)))
}

fn string(name: &str) -> AttributeDefinition {
    #[expect(clippy::unwrap_used, reason = "both required members are set on the line itself")]
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .unwrap()
}

fn key_schema(partition: &str, sort: &str) -> Vec<KeySchemaElement> {
    let element = |name: &str, key_type| {
        #[expect(clippy::unwrap_used, reason = "both required members are set on the line itself")]
        KeySchemaElement::builder().attribute_name(name).key_type(key_type).build().unwrap()
    };
    vec![element(partition, KeyType::Hash), element(sort, KeyType::Range)]
}

impl Store {
    /// The client behind the store, for set-up.
    pub fn client(&self) -> &Client {
        &self.client
    }
}
