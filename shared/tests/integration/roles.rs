//! Roles: an answer of STS about another account is rejected.

use aws_credential_types::provider::ProvideCredentials;
use aws_types::SdkConfig;
use insights_shared::aws::ServiceDates;
use insights_shared::issue::Class;
use insights_shared::roles::{assume, own_account};
use insights_shared::target::Role;
use insights_shared::time::Clock;
use insights_sources::cloudtrail;
use insights_sources::xray;
use insights_tests::{Lab, NOW, at};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ROLE: &str = "arn:aws:iam::111122223333:role/insights-reader";

fn dates() -> Arc<ServiceDates> {
    Arc::new(ServiceDates::new(Clock::Fixed(at(NOW))))
}

fn role() -> Role {
    Role { arn: ROLE.to_owned(), external_id: None }
}

/// The lab's SDK, with an STS that answers every request with `body`.
async fn sts_that_says(lab: &Lab, body: String) -> SdkConfig {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 16 * 1024];
            // One short request per connection, which arrives in one piece.
            let _ = stream.read(&mut request).await;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length";
            let _ = stream.write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
        }
    });
    lab.sdk().to_builder().endpoint_url(url).build()
}

fn assumed(arn: &str, credentials: &str) -> String {
    format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
         <AssumedRoleUser><Arn>{arn}</Arn><AssumedRoleId>A:b</AssumedRoleId></AssumedRoleUser>{credentials}\
         </AssumeRoleResult></AssumeRoleResponse>"
    )
}

const CREDENTIALS: &str = "<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
    <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>";

#[tokio::test]
async fn a_session_of_another_account_is_rejected() {
    let lab = Lab::new("").await;
    for (arn, credentials, expected) in [
        (
            "arn:aws:sts::123456789012:assumed-role/insights-reader/x",
            CREDENTIALS,
            "is not of the target's account",
        ),
        ("nonsense", CREDENTIALS, "is not of the target's account"),
        (
            "arn:aws:sts::111122223333:assumed-role/insights-reader/x",
            "",
            "the answer contains no credentials",
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/insights-reader/x",
            "<Credentials><AccessKeyId>ASIA</AccessKeyId></Credentials>",
            "or not all of them",
        ),
    ] {
        let sdk = sts_that_says(&lab, assumed(arn, credentials)).await;
        let error = assume(&sdk, &role(), "111122223333", xray::SOURCE, &dates()).await.unwrap_err();
        assert_eq!((error.operation, error.class), ("AssumeRole", Class::Malformed), "{arn}");
        assert!(error.message.contains(expected), "{error:?}");
    }
    let arn = "arn:aws:sts::111122223333:assumed-role/insights-reader/x";
    let sdk = sts_that_says(&lab, assumed(arn, CREDENTIALS)).await;
    assert!(assume(&sdk, &role(), "111122223333", xray::SOURCE, &dates()).await.is_ok());
}

#[tokio::test]
async fn a_truncated_answer_gives_no_credentials() {
    let lab = Lab::new("").await;
    let whole = assumed("arn:aws:sts::111122223333:assumed-role/insights-reader/x", CREDENTIALS);
    // The last required element; the tags after it have no meaning here.
    let needed = whole.find("</Expiration>").unwrap();
    for end in (0..whole.len()).step_by(17) {
        let sdk = sts_that_says(&lab, whole[..end].to_owned()).await;
        match assume(&sdk, &role(), "111122223333", xray::SOURCE, &dates()).await {
            Ok(_) => assert!(end >= needed, "{}", &whole[..end]),
            Err(error) => {
                assert_eq!(
                    (error.code.as_str(), error.class),
                    ("Response.Malformed", Class::Malformed),
                    "{end}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_identity_without_an_account_is_an_error() {
    let lab = Lab::new("").await;
    assert_eq!(own_account(&lab.sdk(), &dates()).await.unwrap(), "123456789012");
    for account in ["", "<Account>12</Account>"] {
        let body = format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult>{account}</GetCallerIdentityResult></GetCallerIdentityResponse>"
        );
        let error = own_account(&sts_that_says(&lab, body).await, &dates()).await.unwrap_err();
        assert_eq!((error.operation, error.class), ("GetCallerIdentity", Class::Malformed), "{account}");
    }
}

#[tokio::test]
async fn a_role_session_has_the_name_of_the_function_and_a_refusal_is_denied() {
    let lab = Lab::new(&format!("[sts]\nroles = [{{ arn = \"{ROLE}\", external_id = \"sesame\" }}]")).await;
    let error = assume(&lab.sdk(), &role(), "111122223333", xray::SOURCE, &dates()).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.class), ("AccessDenied", Class::Denied));
    let trusted = Role { external_id: Some("sesame".to_owned()), ..role() };
    assert!(assume(&lab.sdk(), &trusted, "111122223333", cloudtrail::SOURCE, &dates()).await.is_ok());
    let log = lab.simulator.log();
    assert_eq!(log[1].input["RoleSessionName"], "cloudtrail-insights");
}

#[tokio::test]
async fn expired_credentials_are_renewed() {
    let lab = Lab::new(&format!("[sts]\nroles = [{{ arn = \"{ROLE}\" }}]")).await;
    let provider = assume(&lab.sdk(), &role(), "111122223333", xray::SOURCE, &dates()).await.unwrap();
    for assumed in [1, 2, 3] {
        let given = provider.provide_credentials().await.unwrap();
        assert!(given.session_token().is_some() && given.expiry().is_some());
        assert_eq!(lab.calls("AssumeRole"), assumed);
    }
    lab.fault("AssumeRole=denied:1");
    let error = provider.provide_credentials().await.unwrap_err();
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.starts_with("AssumeRole: AccessDenied: "), "{reason}");
}
