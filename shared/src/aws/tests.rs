//! Tests of the configuration with real clients: the URL, the signature and the number of attempts of their requests.

use super::*;
use aws_runtime::auth::PayloadSigningOverride;
use aws_runtime::invocation_id::DefaultInvocationIdGenerator;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_async::time::StaticTimeSource;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use std::sync::{Arc, Mutex};

const CREDENTIALS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_SESSION_TOKEN", "token-of-the-session"),
];

/// A request that would be sent: its URL, and its headers, one per line.
type Sent = (String, String);

/// Records requests and sends none.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Vec<Sent>>>);

impl HttpConnector for Notes {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers: Vec<String> =
            request.headers().iter().map(|(name, value)| format!("{name}: {value}")).collect();
        self.0.lock().unwrap().push((request.uri().to_owned(), headers.join("\n")));
        HttpConnectorFuture::ready(Err(ConnectorError::user("nothing is sent".into())))
    }
}

impl HttpClient for Notes {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn load_with(variables: &[(&str, &str)]) -> (SdkConfig, String) {
    let mut faults = Faults::default();
    let environment = CREDENTIALS.iter().chain(variables).copied().collect();
    let sdk = load(&environment, insights_sources::xray::SOURCE, Timeouts::default(), &mut faults);
    (sdk, faults.to_string())
}

/// The requests of one call of DynamoDB and one of STS.
async fn sent_with(variables: &[(&str, &str)]) -> [Sent; 2] {
    let (sdk, faults) = load_with(variables);
    assert_eq!(faults, "", "{variables:?}");
    let notes = Notes::default();
    let sdk = sdk.to_builder().http_client(notes.clone()).build();
    let dates = Arc::new(ServiceDates::new(crate::time::Clock::System));
    assert!(dynamodb(&sdk, dates).list_tables().send().await.is_err());
    assert!(aws_sdk_sts::Client::new(&sdk).get_caller_identity().send().await.is_err());
    let sent = notes.0.lock().unwrap().clone();
    sent.try_into().unwrap_or_else(|sent| panic!("{variables:?}: {sent:?}"))
}

#[tokio::test]
async fn requests_use_the_endpoints_of_the_sdks_variables() {
    let region = ("AWS_REGION", "eu-west-1");
    let (all, own) = ("http://127.0.0.1:1", "http://127.0.0.1:2");
    let real_dynamodb = "https://dynamodb.eu-west-1.amazonaws.com";
    let real_sts = "https://sts.eu-west-1.amazonaws.com";
    for (variables, dynamodb, sts) in [
        (vec![region], real_dynamodb, real_sts),
        (vec![("AWS_DEFAULT_REGION", "eu-west-1")], real_dynamodb, real_sts),
        (vec![region, ("AWS_DEFAULT_REGION", "us-east-1")], real_dynamodb, real_sts),
        (vec![region, ("AWS_ENDPOINT_URL", all)], all, all),
        (vec![region, ("AWS_ENDPOINT_URL_STS", own)], real_dynamodb, own),
        (vec![region, ("AWS_ENDPOINT_URL_DYNAMODB", own)], own, real_sts),
        (vec![region, ("AWS_ENDPOINT_URL", all), ("AWS_ENDPOINT_URL_STS", own)], all, own),
        (vec![region, ("AWS_ENDPOINT_URL", all), ("AWS_ENDPOINT_URL_DYNAMODB", own)], own, all),
        (
            vec![
                region,
                ("AWS_ENDPOINT_URL", all),
                ("AWS_ENDPOINT_URL_STS", own),
                ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
            ],
            real_dynamodb,
            real_sts,
        ),
        (
            vec![("AWS_REGION", "us-east-1"), ("AWS_USE_FIPS_ENDPOINT", "true")],
            "https://dynamodb-fips.us-east-1.amazonaws.com",
            "https://sts-fips.us-east-1.amazonaws.com",
        ),
        (
            vec![region, ("AWS_USE_DUALSTACK_ENDPOINT", "true")],
            "https://dynamodb.eu-west-1.api.aws",
            "https://sts.eu-west-1.api.aws",
        ),
        (
            vec![("AWS_REGION", "cn-north-1")],
            "https://dynamodb.cn-north-1.amazonaws.com.cn",
            "https://sts.cn-north-1.amazonaws.com.cn",
        ),
        (
            vec![region, ("AWS_ACCOUNT_ID", "123456789012")],
            "https://123456789012.ddb.eu-west-1.amazonaws.com",
            real_sts,
        ),
        (
            vec![region, ("AWS_ACCOUNT_ID", "123456789012"), ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")],
            real_dynamodb,
            real_sts,
        ),
    ] {
        let sent = sent_with(&variables).await;
        let urls = sent.map(|(url, _)| url.trim_end_matches('/').to_owned());
        assert_eq!(urls, [dynamodb, sts], "{variables:?}");
    }
}

#[tokio::test]
async fn requests_are_signed_with_the_environments_credentials_and_name_the_application() {
    let sent = sent_with(&[("AWS_REGION", "eu-west-1"), ("AWS_SDK_UA_APP_ID", "insights-of-ours")]).await;
    for (url, headers) in sent {
        for expected in
            ["Credential=AKIDEXAMPLE/", "x-amz-security-token: token-of-the-session", "app/insights-of-ours"]
        {
            assert!(headers.contains(expected), "{url}: no {expected} in {headers}");
        }
    }
}

#[test]
fn every_client_has_the_configured_attempts_and_timeouts() {
    let (sdk, _) = load_with(&[("AWS_REGION", "eu-west-1"), ("AWS_MAX_ATTEMPTS", "2")]);
    let dynamodb = of_dynamodb(&sdk).build();
    let sts = aws_sdk_sts::Config::from(&sdk);
    assert_eq!(dynamodb.retry_config().map(RetryConfig::max_attempts), Some(MAX_ATTEMPTS));
    assert_eq!(sts.retry_config().map(RetryConfig::max_attempts), Some(MAX_ATTEMPTS));
    let timeouts = dynamodb.timeout_config().unwrap();
    let Timeouts { connect, read, operation } = Timeouts::default();
    assert_eq!(timeouts.connect_timeout(), Some(connect));
    assert_eq!(timeouts.read_timeout(), Some(read));
    assert_eq!(timeouts.operation_timeout(), Some(operation));
}

#[test]
fn every_invalid_variable_is_a_fault_without_a_secret() {
    let wrong = [
        ("AWS_ENDPOINT_URL", "nowhere"),
        ("AWS_USE_FIPS_ENDPOINT", "1"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "yes"),
        ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "maybe"),
        ("AWS_SDK_UA_APP_ID", "a b"),
        ("SSL_CERT_FILE", "/nowhere.pem"),
    ];
    let (_, faults) = load_with(&wrong);
    for (name, value) in wrong {
        assert!(faults.contains(&format!("{name} is {value}: must ")), "{name} not in {faults}");
    }
    for (absent, given) in [
        ("AWS_ACCESS_KEY_ID", ("AWS_SECRET_ACCESS_KEY", "kept-to-itself")),
        ("AWS_SECRET_ACCESS_KEY", ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")),
    ] {
        let mut faults = Faults::default();
        let sdk = load(
            &[given].into_iter().collect(),
            insights_sources::xray::SOURCE,
            Timeouts::default(),
            &mut faults,
        );
        let expected = format!("{absent}: is required: credentials are only read from the environment");
        assert_eq!(faults.to_string(), expected);
        assert!(sdk.credentials_provider().is_none());
    }
}

/// Records the hashes of signed bodies that the signer did not compute itself.
#[derive(Clone, Debug, Default)]
struct Digests(Arc<Mutex<Vec<String>>>);

#[dyn_dispatch_hint]
impl Intercept for Digests {
    fn name(&self) -> &'static str {
        "Digests"
    }

    fn read_after_signing(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(PayloadSigningOverride::Precomputed(digest)) =
            configuration.load::<PayloadSigningOverride>()
        {
            self.0.lock().unwrap().push(digest.clone());
        }
        Ok(())
    }
}

#[tokio::test]
async fn requests_to_the_table_have_the_same_signature_as_from_the_sdk() {
    let (sdk, _) = load_with(&[("AWS_REGION", "eu-west-1")]);
    let notes = Notes::default();
    let builder = sdk.to_builder().http_client(notes.clone());
    let sdk = builder.time_source(StaticTimeSource::from_secs(1_700_000_000)).build();
    let digests = Digests::default();
    for configuration in [aws_sdk_dynamodb::config::Builder::from(&sdk), of_dynamodb(&sdk)] {
        let configuration = configuration
            .invocation_id_generator(DefaultInvocationIdGenerator::with_seed(7))
            .interceptor(digests.clone());
        let client = aws_sdk_dynamodb::Client::from_conf(configuration.build());
        // One body that is longer than a hash block, and one that is nearly empty.
        let text = AttributeValue::S("é".repeat(10_000));
        assert!(client.put_item().table_name("insights").item("pk", text).send().await.is_err());
        assert!(client.list_tables().send().await.is_err());
    }
    let sent = notes.0.lock().unwrap().clone();
    let [long, short, own_long, own_short] = sent.try_into().unwrap();
    assert!(long.1.contains("authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/"), "{long:?}");
    assert_eq!((own_long, own_short), (long, short));
    // `printf {}
    //
    // sha256sum`, the body of the short request.
    let empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let digests = digests.0.lock().unwrap();
    assert!(digests.len() == 2 && digests[1] == empty, "ours alone come with their hash: {digests:?}");
}
