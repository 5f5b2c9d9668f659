//! The profiles of the AWS configuration: the selected profile, whether it exists, and how to sign in. The SDK treats a
//! missing profile as an empty one.

use crate::exit::Failure;
use crate::output::near::nearest;
use crate::session::Session;
use aws_config::profile::{Profile, ProfileSet, load};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};
use insights_query::format::plain;
use insights_shared::issue::chain;
use insights_web::command::CommandLine;
use std::collections::BTreeSet;

/// The maximum number of listed names.
const MOST_NAMES: usize = 12;
/// Members of a profile that define the source of credentials.
const SOURCES: [&str; 8] = [
    "aws_access_key_id",
    "credential_process",
    "credential_source",
    "login_session",
    "role_arn",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
];
/// The maximum length of a chain of `source_profile`.
const LONGEST_CHAIN: usize = 8;

/// The profiles and the selected profile.
#[derive(Clone, Debug)]
pub struct Profiles {
    set: ProfileSet,
    /// Its name, if an option or the environment selected it.
    chosen: Option<String>,
    /// Whether `--profile` selected it.
    by_option: bool,
}

/// How to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// `aws sso login`, with this profile.
    SingleSignOn(String),
    /// `aws login`, with this profile.
    Console(String),
}

impl Profiles {
    /// Reads the files. A selected profile that does not exist is an error, unless credentials in the environment
    /// override it.
    pub async fn load(option: Option<&str>, session: &Session) -> Result<Self, Failure> {
        let set = load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await;
        let set = set.map_err(|error| {
            Failure::usage(format!("the AWS configuration cannot be read: {}", chain(&error)))
        })?;
        let variable = session.environment.get("AWS_PROFILE");
        let chosen = option.or(variable).map(str::to_owned);
        let profiles = Self { set, chosen, by_option: option.is_some() };
        let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let has_keys = keys.into_iter().all(|name| session.environment.get(name).is_some());
        match &profiles.chosen {
            Some(name) if profiles.set.get_profile(name).is_none() && (profiles.by_option || !has_keys) => {
                Err(profiles.unknown(name, session))
            }
            _ => Ok(profiles),
        }
    }

    /// The name of the selected profile.
    pub fn name(&self) -> &str {
        self.chosen.as_deref().unwrap_or("default")
    }

    /// Whether an option or the environment selected it.
    pub fn is_chosen(&self) -> bool {
        self.chosen.is_some()
    }

    /// The selected profile, if it exists.
    pub fn get(&self) -> Option<&Profile> {
        self.set.get_profile(self.name())
    }

    /// All profiles.
    pub fn set(&self) -> &ProfileSet {
        &self.set
    }

    /// How to sign in to the profile, or to the source profile of its credentials, if it uses a sign-in.
    pub fn sign_in(&self) -> Option<SignIn> {
        let mut name = self.name();
        for _ in 0..LONGEST_CHAIN {
            let profile = self.set.get_profile(name)?;
            let has = |member: &str| profile.get(member).is_some();
            if has("login_session") {
                return Some(SignIn::Console(name.to_owned()));
            }
            if has("sso_session") || has("sso_start_url") {
                return Some(SignIn::SingleSignOn(name.to_owned()));
            }
            name = profile.get("source_profile").filter(|source| *source != name)?;
        }
        None
    }

    /// The command of this process with another profile: by the option if it was used, otherwise by the variable.
    pub fn repeated(&self, profile: &str, session: &Session) -> CommandLine {
        if self.by_option {
            session.repeated(Some(("--profile", profile)))
        } else {
            session.repeated(None).variable("AWS_PROFILE", profile)
        }
    }

    /// Other profiles with a source of credentials, sorted by name.
    pub fn others(&self) -> Vec<&str> {
        let names: BTreeSet<&str> = self.set.profiles().filter(|name| *name != self.name()).collect();
        let has_source = |name: &&str| {
            let profile = self.set.get_profile(name);
            profile.is_some_and(|profile| SOURCES.into_iter().any(|member| profile.get(member).is_some()))
        };
        names.into_iter().filter(has_source).collect()
    }

    fn unknown(&self, name: &str, session: &Session) -> Failure {
        let known: BTreeSet<&str> = self.set.profiles().collect();
        let origin = if self.by_option { "--profile" } else { "AWS_PROFILE" };
        let mut names: Vec<String> = known.iter().map(|name| plain(name)).collect();
        let more = names.len().saturating_sub(MOST_NAMES);
        names.truncate(MOST_NAMES);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        let known_names = if names.is_empty() {
            "which has no profiles".to_owned()
        } else {
            format!("which has the profiles {}", names.join(", "))
        };
        let failure = Failure::usage(format!(
            "profile {name} ({origin}) is not in the AWS configuration, {known_names}"
        ));
        match nearest(name, known.iter().copied()) {
            Some(meant) => failure.hint(&self.repeated(meant, session)),
            None if known.is_empty() => {
                failure.hint(&CommandLine::of("aws", &["configure"]).option("--profile", name))
            }
            None => failure.hint(&CommandLine::of("aws", &["configure", "list-profiles"])),
        }
    }
}

impl SignIn {
    /// What is missing.
    pub fn lack(&self) -> String {
        let (Self::SingleSignOn(profile) | Self::Console(profile)) = self;
        format!("profile {profile} is not signed in")
    }

    /// The command that signs in.
    pub fn command(&self) -> CommandLine {
        match self {
            Self::SingleSignOn(profile) => {
                CommandLine::of("aws", &["sso", "login"]).option("--profile", profile)
            }
            Self::Console(profile) => CommandLine::of("aws", &["login"]).option("--profile", profile),
        }
    }
}
