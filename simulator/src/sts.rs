//! STS as far as collectors need it: who am I, and the keys of a role. The keys that it hands out name their account, so
//! that the simulator can tell whose request it sees. Policies, tags and multi-factor codes are not looked at.

use crate::arn::partition;
use crate::call::{Answer, Call, ServiceError};
use crate::constraint::Constraints;
use crate::protocol::signature::{Signer, TEMPORARY_PREFIX};
use crate::scenario::{Role, hash, hex, is_account};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use insights_shared::time::{Clock, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How long a session lasts unless the caller says otherwise.
const DEFAULT_SECONDS: i64 = 3_600;
/// The longest session of a role that another role's session assumes.
const LONGEST_CHAINED_SECONDS: i64 = 3_600;
/// What an ARN may be made of, in the model's words.
const PRINTABLE: &str =
    "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+";

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The account.
    pub account: String,
    /// The ARN.
    pub arn: String,
    /// The unique id.
    pub user_id: String,
    /// Whether it is a role's session.
    pub temporary: bool,
    /// The session's name, if the simulator handed it out.
    pub session: Option<String>,
}

/// What a session token of ours says.
#[derive(Debug, Serialize, Deserialize)]
struct Session {
    account: String,
    role: String,
    name: String,
    expires: i64,
}

/// Why a signer is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// Key and token do not belong together.
    Unrecognized,
    /// The session is over.
    Expired,
}

impl Principal {
    /// Who `signer` is; a key that STS did not hand out is a user, or some role's session, of `account`.
    pub fn identify(signer: &Signer, account: &str) -> Result<Self, Stranger> {
        let Some(own_account) = signer.account() else {
            let temporary = signer.key.starts_with("ASIA");
            let arn = format!("arn:{}:iam::{account}:user/simulator", partition(&signer.region));
            let user_id = "AIDASIMULATORXXXXXXXX".to_owned();
            return Ok(Self { account: account.to_owned(), arn, user_id, temporary, session: None });
        };
        let session = signer
            .token
            .as_deref()
            .and_then(|token| STANDARD.decode(token).ok())
            .and_then(|bytes| serde_json::from_slice::<Session>(&bytes).ok())
            .filter(|session| session.account == own_account)
            .ok_or(Stranger::Unrecognized)?;
        // Sessions end by the machine's clock, which is also the one that the client keeps them by.
        if Clock::System.now().millis() >= session.expires {
            return Err(Stranger::Expired);
        }
        let (role, name) = (&session.role, &session.name);
        let partition = partition(&signer.region);
        Ok(Self {
            arn: format!("arn:{partition}:sts::{own_account}:assumed-role/{role}/{name}"),
            user_id: format!("{}:{name}", role_id(role)),
            account: own_account.to_owned(),
            temporary: true,
            session: Some(name.clone()),
        })
    }
}

/// Answers one call that `principal` makes; `roles` are those that the scenario treats in their own way.
pub fn answer(roles: &[Role], call: &Call, principal: &Principal) -> Answer {
    match call.operation {
        "AssumeRole" => assume_role(roles, call, principal),
        _ => Ok(json!({
            "Account": principal.account,
            "Arn": principal.arn,
            "UserId": principal.user_id,
        })),
    }
}

fn assume_role(roles: &[Role], call: &Call, principal: &Principal) -> Answer {
    let mut constraints = Constraints::new(call);
    constraints.required("RoleArn");
    constraints.required("RoleSessionName");
    let arn = constraints.string("RoleArn", 20..=2_048, Some(is_printable), PRINTABLE).unwrap_or_default();
    let name =
        constraints.string("RoleSessionName", 2..=64, Some(is_name), "[\\w+=,.@-]*").unwrap_or_default();
    let seconds = constraints.integer("DurationSeconds", 900..=43_200).unwrap_or(DEFAULT_SECONDS);
    let external_id = constraints.string("ExternalId", 2..=1_224, Some(is_external_id), "[\\w+=,.@:\\/-]*");
    let source_identity = constraints.string("SourceIdentity", 2..=64, Some(is_name), "[\\w+=,.@-]*");
    constraints.string("SerialNumber", 9..=256, Some(is_serial), "[\\w+=/:,.@-]*");
    constraints.string("TokenCode", 6..=6, Some(is_code), "[\\d]*");
    constraints.string("Policy", 1..=usize::MAX, Some(is_policy), "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+");
    constraints.finish().map_err(invalid)?;
    let (account, role) = role_of(arn).ok_or_else(|| invalid(format!("{arn} is invalid")))?;
    if principal.temporary && seconds > LONGEST_CHAINED_SECONDS {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    let listed = roles.iter().find(|role| role.arn == arn);
    let refused = listed.is_some_and(|role| {
        role.deny || role.external_id.is_some() && role.external_id.as_deref() != external_id
    });
    if refused {
        let message = format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            principal.arn
        );
        return Err(ServiceError::new("AccessDenied", 403, message));
    }
    let expires = Clock::System.now().plus_seconds(seconds);
    let user = format!("arn:{}:sts::{account}:assumed-role/{role}/{name}", partition(&call.region));
    let session = Session {
        account: account.to_owned(),
        role: role.to_owned(),
        name: name.to_owned(),
        expires: expires.millis(),
    };
    let mut answer = json!({
        "Credentials": {
            "AccessKeyId": format!("{TEMPORARY_PREFIX}{account}X"),
            // 40 characters, as AWS has them, that are known for what they are wherever they turn up.
            "SecretAccessKey": format!("SimulatedSecret/{}", STANDARD.encode(hash(0, arn).get(..18).unwrap_or_default())),
            "SessionToken": token(&session),
            "Expiration": whole_seconds(expires),
        },
        "AssumedRoleUser": { "Arn": user, "AssumedRoleId": format!("{}:{name}", role_id(role)) },
        "PackedPolicySize": 0,
    });
    if let (Some(identity), Some(members)) = (source_identity, answer.as_object_mut()) {
        members.insert("SourceIdentity".to_owned(), identity.into());
    }
    Ok(answer)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ValidationError", 400, message)
}

/// The account and the last part of the name in a role's ARN.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let mut part = || parts.next();
    let scheme = part()? == "arn" && part()?.starts_with("aws") && part()? == "iam" && part()?.is_empty();
    let account = part().filter(|account| scheme && is_account(account))?;
    let path = part()?.strip_prefix("role/")?;
    let role = path.rsplit('/').next().filter(|role| !role.is_empty())?;
    Some((account, role))
}

fn token(session: &Session) -> String {
    // A structure of strings and a number always has a text.
    STANDARD.encode(serde_json::to_string(session).unwrap_or_default())
}

/// A unique id as roles have them.
fn role_id(role: &str) -> String {
    let hash = hash(0, role);
    let digits = hex(hash.get(..8).unwrap_or_default()).to_uppercase();
    format!("AROA{digits}")
}

fn whole_seconds(timestamp: Timestamp) -> String {
    let text = timestamp.to_string();
    format!("{}Z", text.split('.').next().unwrap_or(&text))
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
}

fn is_external_id(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c))
}

fn is_serial(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=/:,.@-".contains(c))
}

fn is_code(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit())
}

fn is_policy(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}'))
}

fn is_printable(text: &str) -> bool {
    let printable = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    !text.is_empty() && text.chars().all(printable)
}
