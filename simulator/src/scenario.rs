//! The scenario: the data of the simulated services. It is read from a TOML file. Times in the file are relative to an
//! anchor, so that the data is as recent as the anchor. Each service reads its own part.

use crate::rate::Rates;
use insights_shared::fields::{Faults, Fields};
use insights_shared::key::hex;
use insights_shared::time::{Timestamp, parse_span};
use place::Place;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub mod curve;
mod file;
pub(crate) mod members;
pub mod place;
#[cfg(test)]
mod tests;

/// The scenario that comes with the simulator.
pub const BUILT_IN: &str = include_str!("../scenarios/default.toml");
/// The default account of credentials.
const DEFAULT_ACCOUNT: &str = "123456789012";

/// What exists in every account and region.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The seed of generated identifiers and series.
    pub seed: u64,
    /// The account of access keys that the simulated STS did not issue.
    pub account: String,
    /// Rate limits in addition to the documented ones.
    pub rates: Rates,
    default: Place,
    places: BTreeMap<(String, String), Place>,
}

/// The context in which a scenario file is read.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The time to which time spans are relative.
    pub anchor: Timestamp,
    /// The seed of generated identifiers and series.
    pub seed: u64,
}

impl Scenario {
    /// Reads a scenario file whose time spans are relative to `anchor`. The error lists every fault with its path, or one
    /// syntax error.
    pub fn parse(text: &str, anchor: Timestamp) -> Result<Self, Faults> {
        Self::parse_seeded(text, anchor, None)
    }

    /// Like [`Scenario::parse`], with `seed` instead of the file's own, if it is given.
    pub fn parse_seeded(text: &str, anchor: Timestamp, seed: Option<u64>) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let scenario = file::read(text, anchor, seed, &mut faults);
        faults.or(())?;
        // There is no scenario only after a syntax error, which is a fault.
        scenario.ok_or_else(Faults::default)
    }

    /// The scenario that comes with the simulator. Its time spans are relative to `anchor`.
    ///
    /// # Panics
    ///
    /// Never: a test reads the file that is part of the program.
    pub fn built_in(anchor: Timestamp) -> Self {
        #[expect(clippy::expect_used, reason = "the file is part of the program")]
        Self::parse(BUILT_IN, anchor).expect("the built-in scenario has no faults")
    }

    /// A scenario without any data.
    pub fn empty() -> Self {
        Self {
            seed: 0,
            account: DEFAULT_ACCOUNT.to_owned(),
            rates: Rates::default(),
            default: Place::empty(),
            places: BTreeMap::new(),
        }
    }

    /// What exists in `account` and `region`.
    pub fn place(&self, account: &str, region: &str) -> &Place {
        self.places.get(&(account.to_owned(), region.to_owned())).unwrap_or(&self.default)
    }

    /// What exists in `account` and `region`, mutable, for this place only.
    pub fn place_mut(&mut self, account: &str, region: &str) -> &mut Place {
        let key = (account.to_owned(), region.to_owned());
        self.places.entry(key).or_insert_with(|| self.default.clone())
    }

    /// What exists in every account and region that the scenario does not name, mutable.
    pub fn everywhere_mut(&mut self) -> &mut Place {
        &mut self.default
    }
}

impl Context {
    /// The time in member `name`: RFC 3339, or a time span relative to the anchor, such as `-3d 4h`, `+2h` or `now`.
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

    /// Like [`Context::instant`], for a required member.
    pub fn required_instant(&self, fields: &mut Fields<'_>, name: &'static str) -> Option<Timestamp> {
        let before = fields.faults().len();
        let found = self.instant(fields, name);
        if found.is_none() && fields.faults().len() == before {
            fields.missing(name);
        }
        found
    }

    /// The time span in member `name`, such as `50m`, in milliseconds.
    pub fn span_millis(&self, fields: &mut Fields<'_>, name: &'static str) -> Option<i64> {
        let value = fields.value(name)?;
        let found = value.as_str().and_then(|text| parse_span(text).ok());
        if found.is_none() {
            let path = fields.path(name);
            fields.faults().add(path, value, "must be a span, such as \"50m\" or \"1d 12h\"");
        }
        found.and_then(|span| i64::try_from(span.as_millis()).ok())
    }

    /// The UUID for `name`, which depends on the seed.
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

/// The UUID for `name` and `seed`, in the format of version 4.
pub fn uuid(seed: u64, name: &str) -> String {
    let hash = hash(seed, name);
    let hex: String = hex(hash.get(..16).unwrap_or_default());
    let variant = ["8", "9", "a", "b"];
    let chosen = variant.get(usize::from(hash.get(16).copied().unwrap_or_default() % 4)).unwrap_or(&"8");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-{chosen}{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// The SHA-256 of `seed` and `name`.
pub fn hash(seed: u64, name: &str) -> Vec<u8> {
    Sha256::new().chain_update(seed.to_be_bytes()).chain_update(name).finalize().to_vec()
}

/// Whether `value` is an account id.
pub(crate) fn is_account(value: &str) -> bool {
    value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit())
}
