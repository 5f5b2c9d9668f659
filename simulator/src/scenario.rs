//! The world that the simulator answers from: read from a TOML file whose times are relative to an anchor, so that a
//! story told once is always a recent one. It finds the place (account and region) that a call is about; what is there is
//! each service's own.

use crate::{auditmanager, cloudtrail, xray};
use insights_shared::fields::{Faults, Fields};
use insights_shared::time::{Timestamp, parse_span};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

mod file;
#[cfg(test)]
mod tests;

/// The scenario that comes with the simulator.
pub const BUILT_IN: &str = include_str!("../scenarios/default.toml");
/// The account of credentials that name none, unless the scenario says otherwise.
const DEFAULT_ACCOUNT: &str = "123456789012";

/// Everything that the simulator knows.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What identifiers and series are derived from.
    pub seed: u64,
    /// The account of every access key that STS did not hand out.
    pub account: String,
    /// Calls a second by operation, over the simulator's own; `default` is for those not named.
    pub rates: BTreeMap<String, f64>,
    /// How STS answers for roles; a role that is not listed is granted.
    pub roles: Vec<Role>,
    default: Place,
    places: BTreeMap<(String, String), Place>,
}

/// What exists in one account and region. The default of each is "nothing there, not enabled".
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Groups and insights of X-Ray.
    pub xray: xray::Data,
    /// Trails, insights and series of CloudTrail.
    pub cloudtrail: cloudtrail::Data,
    /// Assessments and counts of Audit Manager.
    pub auditmanager: auditmanager::Data,
}

/// A role that STS treats in its own way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// The external id that a caller must give.
    pub external_id: Option<String>,
    /// Whether everybody is refused.
    pub deny: bool,
}

/// What a service's part of a scenario file is read against.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The instant that spans count from.
    pub anchor: Timestamp,
    /// What identifiers and series are derived from.
    pub seed: u64,
}

impl Scenario {
    /// Reads a scenario file. All faults in it come at once, each with its path; a syntax error comes alone.
    pub fn parse(text: &str, anchor: Timestamp) -> Result<Self, Faults> {
        Self::parse_seeded(text, anchor, None)
    }

    /// Reads a scenario file, with `seed`, if given, in place of the file's own.
    pub fn parse_seeded(text: &str, anchor: Timestamp, seed: Option<u64>) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let scenario = file::read(text, anchor, seed, &mut faults);
        faults.or(())?;
        // Without faults there is a scenario: only a syntax error leaves none, and it is a fault.
        scenario.ok_or_else(Faults::default)
    }

    /// The scenario that comes with the simulator, told as if `anchor` were today.
    ///
    /// # Panics
    ///
    /// Never: a test reads the file that is part of the program.
    pub fn built_in(anchor: Timestamp) -> Self {
        #[expect(clippy::expect_used, reason = "the file is part of the program")]
        Self::parse(BUILT_IN, anchor).expect("the built-in scenario has no faults")
    }

    /// A world with nothing in it.
    pub fn empty() -> Self {
        Self {
            seed: 0,
            account: DEFAULT_ACCOUNT.to_owned(),
            rates: BTreeMap::new(),
            roles: Vec::new(),
            default: Place::default(),
            places: BTreeMap::new(),
        }
    }

    /// What there is in `account` and `region`.
    pub fn place(&self, account: &str, region: &str) -> &Place {
        self.places.get(&(account.to_owned(), region.to_owned())).unwrap_or(&self.default)
    }

    /// What there is in `account` and `region`, to be changed there and nowhere else.
    pub fn place_mut(&mut self, account: &str, region: &str) -> &mut Place {
        let key = (account.to_owned(), region.to_owned());
        self.places.entry(key).or_insert_with(|| self.default.clone())
    }

    /// What there is wherever the scenario names no place.
    pub fn everywhere_mut(&mut self) -> &mut Place {
        &mut self.default
    }
}

impl Context {
    /// The instant at member `name`: RFC 3339, or a span from the anchor such as `-3d 4h`, `+2h` or `now`.
    pub fn instant(&self, fields: &mut Fields<'_>, name: &'static str) -> Option<Timestamp> {
        let value = fields.value(name)?;
        let found = value.as_str().and_then(|text| self.read_instant(text));
        if found.is_none() {
            let path = fields.path(name);
            let rule = "must be a span from the anchor, such as \"-3d 4h\" or \"now\", or a time in RFC 3339";
            fields.faults().add(path, value, rule);
        }
        found
    }

    /// As [`Self::instant`], where the member must be there.
    pub fn required_instant(&self, fields: &mut Fields<'_>, name: &'static str) -> Option<Timestamp> {
        let before = fields.faults().len();
        let found = self.instant(fields, name);
        if found.is_none() && fields.faults().len() == before {
            fields.missing(name);
        }
        found
    }

    /// The length of the span at member `name`, such as `50m`, in milliseconds.
    pub fn span_millis(&self, fields: &mut Fields<'_>, name: &'static str) -> Option<i64> {
        let value = fields.value(name)?;
        let found = value.as_str().and_then(|text| parse_span(text).ok());
        if found.is_none() {
            let path = fields.path(name);
            fields.faults().add(path, value, "must be a span, such as \"50m\" or \"1d 12h\"");
        }
        found.and_then(|span| i64::try_from(span.as_millis()).ok())
    }

    /// The UUID that the seed gives to `name`: the same name has the same one in every run.
    pub fn uuid(&self, name: &str) -> String {
        uuid(self.seed, name)
    }

    fn read_instant(&self, text: &str) -> Option<Timestamp> {
        if text == "now" {
            return Some(self.anchor);
        }
        if let Ok(timestamp) = text.parse() {
            return Some(timestamp);
        }
        let span = parse_span(text).ok()?;
        let millis = self.anchor.millis().checked_add(i64::try_from(span.as_millis()).ok()?)?;
        Timestamp::from_millis(millis)
    }
}

/// The UUID (version 4 by its looks) that `seed` gives to `name`.
pub fn uuid(seed: u64, name: &str) -> String {
    let hash = hash(seed, name);
    let hex = hex(hash.get(..16).unwrap_or_default());
    let variant = ["8", "9", "a", "b"];
    let chosen = variant.get(usize::from(hash.get(16).copied().unwrap_or_default() % 4)).unwrap_or(&"8");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-{chosen}{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// 32 bytes that depend on `seed` and `name` alone.
pub fn hash(seed: u64, name: &str) -> Vec<u8> {
    Sha256::new().chain_update(seed.to_be_bytes()).chain_update(name).finalize().to_vec()
}

/// `bytes` as two small digits each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Whether `value` is an account id.
pub(crate) fn is_account(value: &str) -> bool {
    value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `value` looks like a region.
pub(crate) fn is_region(value: &str) -> bool {
    !value.is_empty()
        && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
