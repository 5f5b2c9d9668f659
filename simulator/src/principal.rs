//! The caller. Access keys from the simulated STS contain their account, and their session tokens the session. Every other
//! access key belongs to a user of the scenario's account.

use crate::arn::partition;
use crate::protocol::signature::Signer;
use crate::scenario::hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use insights_shared::key::hex;
use insights_shared::time::Clock;
use serde::{Deserialize, Serialize};

/// The caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) account: String,
    pub(crate) arn: String,
    /// The unique id.
    pub(crate) user_id: String,
    /// Whether the credentials are temporary.
    pub(crate) is_temporary: bool,
    /// The session's name, if the simulated STS issued the credentials.
    pub(crate) session: Option<String>,
}

/// The content of a session token.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) account: String,
    pub(crate) role: String,
    pub(crate) name: String,
    /// Milliseconds since the epoch.
    pub(crate) expires: i64,
}

/// Why a signer is not a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdentityError {
    /// Access key and session token do not belong together.
    Unrecognized,
    /// The session has expired.
    Expired,
}

impl Principal {
    /// Identifies `signer`. `account` is the account of access keys that do not come from the simulated STS.
    pub(crate) fn identify(signer: &Signer, account: &str) -> Result<Self, IdentityError> {
        let Some(own_account) = signer.account() else {
            let is_temporary = signer.key.starts_with("ASIA");
            let arn = format!("arn:{}:iam::{account}:user/simulator", partition(&signer.region));
            let user_id = "AIDASIMULATORXXXXXXXX".to_owned();
            return Ok(Self { account: account.to_owned(), arn, user_id, is_temporary, session: None });
        };
        let session = signer.token.as_deref().and_then(Session::decode);
        let session = session.filter(|session| session.account == own_account);
        let session = session.ok_or(IdentityError::Unrecognized)?;
        // Sessions expire by the machine's clock, as in the client that caches them.
        if Clock::System.now().millis() >= session.expires {
            return Err(IdentityError::Expired);
        }
        Ok(Self {
            arn: session.arn(&signer.region),
            user_id: session.user_id(),
            account: session.account,
            is_temporary: true,
            session: Some(session.name),
        })
    }
}

impl Session {
    /// The session in a session token.
    fn decode(token: &str) -> Option<Self> {
        serde_json::from_slice(&STANDARD.decode(token).ok()?).ok()
    }

    /// The session token.
    pub(crate) fn encode(&self) -> String {
        // A structure of strings and a number can always be serialized.
        STANDARD.encode(serde_json::to_string(self).unwrap_or_default())
    }

    /// The ARN of the session in the partition of `region`.
    pub(crate) fn arn(&self, region: &str) -> String {
        let Self { account, role, name, .. } = self;
        format!("arn:{}:sts::{account}:assumed-role/{role}/{name}", partition(region))
    }

    /// The role's unique id and the session's name.
    pub(crate) fn user_id(&self) -> String {
        let hash = hash(0, &self.role);
        let digits = hex::<String>(hash.get(..8).unwrap_or_default()).to_uppercase();
        format!("AROA{digits}:{}", self.name)
    }
}
