//! The SDK's client for an embedded database: an HTTP client without sockets that passes each request to the database
//! in this process.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use dynoxide::Database;
use insights_simulator::database;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A name that is never resolved, because no request leaves the process.
const ENDPOINT: &str = "http://embedded.invalid";

/// Holds the database until it is closed.
#[derive(Clone)]
pub(super) struct Slot(Arc<Mutex<Option<Database>>>);

impl Slot {
    pub(super) fn new(database: Database) -> Self {
        Self(Arc::new(Mutex::new(Some(database))))
    }

    pub(super) fn get(&self) -> Option<Database> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn take(&self) -> Option<Database> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.get().is_some() { "Slot(open)" } else { "Slot(closed)" })
    }
}

/// Creates a client of the database in `slot`.
pub(super) fn client(slot: Slot) -> Client {
    let configuration = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("eu-west-1"))
        .endpoint_url(ENDPOINT)
        .credentials_provider(Credentials::new("local", "local", None, None, "embedded"))
        .http_client(slot)
        .build();
    Client::from_conf(configuration)
}

impl HttpClient for Slot {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Slot {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let database = self.get();
        HttpConnectorFuture::new(async move {
            let database = database.ok_or_else(|| failed("the embedded database is closed"))?;
            // A large query takes long and must not block other tasks of the executor.
            let answered = tokio::task::spawn_blocking(move || answer(&database, &request)).await;
            answered.map_err(failed)?
        })
    }
}

fn answer(database: &Database, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let operation = database::operation(target)
        .ok_or_else(|| failed(format!("\"{target}\" is not an operation of the table")))?;
    let body = request.body().bytes().ok_or_else(|| failed("streamed requests are not supported"))?;
    let (status, text) = database::answer(database, operation, body);
    let mut response = HttpResponse::new(status.try_into().map_err(failed)?, SdkBody::from(text));
    response.headers_mut().insert("content-type", database::CONTENT_TYPE);
    Ok(response)
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ConnectorError {
    ConnectorError::other(error.into(), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Failure;
    use crate::table;
    use aws_sdk_dynamodb::error::DisplayErrorContext;
    use aws_sdk_dynamodb::types::AttributeValue;

    async fn created() -> Result<(Slot, Client), Failure> {
        let slot = Slot::new(Database::memory().unwrap());
        let client = client(slot.clone());
        table::create_in(&client, "insights").await?;
        Ok((slot, client))
    }

    #[tokio::test]
    async fn the_sdk_reads_its_writes_and_gets_errors_of_the_database() {
        let (_slot, client) = created().await.unwrap();
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = client.put_item().table_name("insights").item("pk", text("a")).item("sk", text("b"));
        put.clone().send().await.unwrap();
        let got = client.get_item().table_name("insights").key("pk", text("a")).key("sk", text("b"));
        assert_eq!(got.send().await.unwrap().item.unwrap()["sk"], text("b"));
        let refused = put.condition_expression("attribute_not_exists(pk)").send().await.unwrap_err();
        assert!(refused.into_service_error().is_conditional_check_failed_exception());
        let missing = client.scan().table_name("others").send().await.unwrap_err();
        assert!(missing.into_service_error().is_resource_not_found_exception());
    }

    #[tokio::test]
    async fn concurrent_calls_do_not_block_the_executor() {
        let (_slot, client) = created().await.unwrap();
        // This test has one thread: if a call blocked it, no other call could run.
        let calls = (0..64).map(|nth| {
            let text = AttributeValue::S(nth.to_string());
            client.put_item().table_name("insights").item("pk", text.clone()).item("sk", text).send()
        });
        for call in futures_util::future::join_all(calls).await {
            call.unwrap();
        }
        assert_eq!(client.scan().table_name("insights").send().await.unwrap().count, 64);
    }

    #[tokio::test]
    async fn a_closed_database_fails_calls_and_releases_its_file() {
        let (slot, client) = created().await.unwrap();
        drop(slot.take());
        let error = client.list_tables().send().await.unwrap_err();
        assert!(DisplayErrorContext(&error).to_string().contains("the embedded database is closed"));
    }
}
