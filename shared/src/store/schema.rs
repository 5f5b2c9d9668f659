//! The schema of the table, as in `template.yaml`. A test compares the two.

use super::Store;
use crate::issue::CallError;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::operation::update_continuous_backups::UpdateContinuousBackupsError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, Projection, ProjectionType,
    ScalarAttributeType, SseSpecification, StreamSpecification, StreamViewType, TableDescription,
    TimeToLiveSpecification, TimeToLiveStatus,
};
use aws_sdk_dynamodb::{Client, error::SdkError};
use aws_smithy_types::retry::RetryConfig;

/// The attribute for DynamoDB's time to live (epoch seconds).
const EXPIRES_AT: &str = "expires_at";
/// The code of an unsupported operation, for example in DynamoDB local.
const UNKNOWN_OPERATION: &str = "UnknownOperationException";
/// How often to check whether the backups of a new table can be configured, with pauses of up to 20 s.
const MAX_BACKUP_CHECKS: u32 = 20;

/// The index of open insights.
pub const OPEN: &str = "open";
/// The index of closed insights, by the UTC month of their end, and of snapshots, by the month of their day.
pub const ENDED: &str = "ended";
/// The index of the records about an entity, and of the targets of a source.
pub const BY_ENTITY: &str = "by_entity";

/// The index that `ended` replaced before the first release.
const OLD_INDEX: &str = "by_day";

/// The indexes, each with its partition key and its sort key.
pub const INDEXES: [(&str, &str, &str); 3] =
    [(OPEN, "open_pk", "open_sk"), (ENDED, "ended_pk", "ended_sk"), (BY_ENTITY, "entity_pk", "entity_sk")];

/// The attributes that every index projects: the common ones, without `detail`, `timestamps` and `values`.
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

/// What was done to the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Whether it was created.
    pub is_new: bool,
    /// The settings that were enabled because the table existed without them.
    pub switched_on: Vec<&'static str>,
}

/// Why there is no usable table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateError {
    /// A call to DynamoDB failed.
    Call(CallError),
    /// The table exists with another schema; the text says how it differs. Nothing was changed.
    OtherSchema(String),
}

impl std::fmt::Display for CreateError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Call(error) => write!(formatter, "{}: {}: {}", error.operation, error.code, error.message),
            Self::OtherSchema(rule) => {
                write!(formatter, "not a table of insights: {rule}; nothing was changed")
            }
        }
    }
}

impl std::error::Error for CreateError {}

impl From<CallError> for CreateError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// Creates the table and enables its time to live and point-in-time recovery. If the table already exists with our schema,
/// the settings that are missing are enabled: its creation may have been interrupted.
pub async fn create_table(client: &Client, table: &str) -> Result<Made, CreateError> {
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
    let is_new = match create.send().await {
        Ok(_) => true,
        Err(SdkError::ServiceError(error)) if error.err().is_resource_in_use_exception() => false,
        Err(error) => return Err(CallError::from_sdk("CreateTable", &error).into()),
    };
    wait_until_active(client, table).await?;
    if !is_new {
        check_kind(client, table).await?;
    }
    let mut switched_on = Vec::new();
    if is_new || !expires(client, table).await? {
        expire(client, table).await?;
        switched_on.push("time to live");
    }
    if (is_new || !recovers(client, table).await?) && recover(client, table).await? {
        switched_on.push("point-in-time recovery");
    }
    Ok(Made { is_new, switched_on: if is_new { Vec::new() } else { switched_on } })
}

/// A table with another schema is not changed: enabling time to live could delete its items.
async fn check_kind(client: &Client, table: &str) -> Result<(), CreateError> {
    const OPERATION: &str = "DescribeTable";
    let answer = client.describe_table().table_name(table).send().await;
    let answer = answer.map_err(|error| CallError::from_sdk(OPERATION, &error))?;
    let rule = answer.table.as_ref().and_then(difference);
    rule.map_or(Ok(()), |rule| Err(CreateError::OtherSchema(rule)))
}

/// How a table differs from our schema in its keys or indexes; `None` if it does not.
pub fn difference(table: &TableDescription) -> Option<String> {
    let named = |keys: &[KeySchemaElement]| -> Vec<String> {
        keys.iter().map(|key| key.attribute_name().to_owned()).collect()
    };
    let keys = named(table.key_schema());
    if keys != ["pk", "sk"] {
        return Some(format!("its key is {}, expected pk, sk", keys.join(", ")));
    }
    INDEXES.into_iter().find_map(|(name, partition, sort)| {
        let mut indexes = table.global_secondary_indexes().iter();
        let Some(index) = indexes.find(|index| index.index_name() == Some(name)) else {
            let indexes = table.global_secondary_indexes().iter();
            let is_old = indexes.filter_map(|index| index.index_name()).any(|index| index == OLD_INDEX);
            let reason = if is_old { ", since an earlier version of insights created it" } else { "" };
            return Some(format!("it has no index {name}{reason}"));
        };
        let keys = named(index.key_schema());
        // Some implementations describe indexes without their keys.
        let is_ours = keys.is_empty() || keys == [partition, sort];
        (!is_ours).then(|| {
            format!("the key of its index {name} is {}, expected {partition}, {sort}", keys.join(", "))
        })
    })
}

/// Whether time to live is enabled.
async fn expires(client: &Client, table: &str) -> Result<bool, CallError> {
    let answer = client.describe_time_to_live().table_name(table).send().await;
    let answer = answer.map_err(|error| CallError::from_sdk("DescribeTimeToLive", &error))?;
    let Some(expiry) = answer.time_to_live_description else { return Ok(false) };
    let is_on =
        matches!(expiry.time_to_live_status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling));
    Ok(is_on && expiry.attribute_name.as_deref() == Some(EXPIRES_AT))
}

async fn expire(client: &Client, table: &str) -> Result<(), CallError> {
    const OPERATION: &str = "UpdateTimeToLive";
    let expiry = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name(EXPIRES_AT)
        .build()
        .map_err(|error| CallError::malformed(OPERATION, error.to_string()))?;
    let update = client.update_time_to_live().table_name(table).time_to_live_specification(expiry);
    update.send().await.map(|_| ()).map_err(|error| CallError::from_sdk(OPERATION, &error))
}

/// Whether point-in-time recovery is enabled. A local DynamoDB has no backups, and reports this.
async fn recovers(client: &Client, table: &str) -> Result<bool, CallError> {
    match client.describe_continuous_backups().table_name(table).send().await {
        Ok(answer) => Ok(answer
            .continuous_backups_description
            .and_then(|backups| backups.point_in_time_recovery_description)
            .is_some_and(|recovery| {
                recovery.point_in_time_recovery_status == Some(PointInTimeRecoveryStatus::Enabled)
            })),
        Err(error) => match CallError::from_sdk("DescribeContinuousBackups", &error) {
            error if error.is(UNKNOWN_OPERATION) => Ok(true),
            error => Err(error),
        },
    }
}

/// Enables point-in-time recovery; `false` if it is not supported.
async fn recover(client: &Client, table: &str) -> Result<bool, CallError> {
    const OPERATION: &str = "UpdateContinuousBackups";
    let recovery = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .build()
        .map_err(|error| CallError::malformed(OPERATION, error.to_string()))?;
    // Shortly after its creation, a table's backups cannot be configured yet.
    // <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContinuousBackups.html>
    let not_yet = AwsErrorCodeClassifier::<UpdateContinuousBackupsError>::builder()
        .transient_errors(vec!["ContinuousBackupsUnavailableException"])
        .build();
    let patient = RetryConfig::standard().with_max_attempts(MAX_BACKUP_CHECKS);
    let update = client
        .update_continuous_backups()
        .table_name(table)
        .point_in_time_recovery_specification(recovery)
        .customize()
        .config_override(Builder::new().retry_config(patient).retry_classifier(not_yet));
    match update.send().await {
        Ok(_) => Ok(true),
        Err(error) => match CallError::from_sdk(OPERATION, &error) {
            error if error.is(UNKNOWN_OPERATION) => Ok(false),
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
    /// The client of the store, for set-up.
    pub fn client(&self) -> &Client {
        &self.client
    }
}
