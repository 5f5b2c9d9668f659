//! Custom endpoints of the environment and the profile. The SDK ignores an endpoint that is not a URL and calls AWS
//! instead. Here it is an error.

use super::profiles::Profiles;
use crate::exit::Failure;
use crate::session::Session;
use aws_config::profile::ProfileSet;
use aws_runtime::env_config::property::PropertiesKey;
use insights_shared::aws::{is_endpoint, without_user};
use insights_sources::Source;
use insights_web::command::CommandLine;

/// The variable for every service. The variable of one service has this prefix.
const GENERAL: &str = "AWS_ENDPOINT_URL";
/// The variable that disables all custom endpoints.
const IGNORED: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
/// The rule for an endpoint.
const RULE: &str = "must be a URL such as https://host or http://host:port";
/// Services of the table and the credentials, as variables and configuration files spell them.
pub const OF_TABLE: [&str; 5] = ["dynamodb", "sts", "sso", "sso_oidc", "signin"];

/// The services of the table and the credentials, and the collected services.
pub fn of_collecting() -> Vec<&'static str> {
    OF_TABLE.into_iter().chain(insights_sources::all().map(Source::as_str)).collect()
}

/// A configured endpoint.
struct Chosen {
    /// Where it is configured: a variable or a member of the configuration.
    place: String,
    /// The variable that overrides it.
    variable: String,
    url: String,
    is_variable: bool,
}

/// Returns an error that names every endpoint of `services` that is not a URL.
pub fn check(profiles: &Profiles, services: &[&str], session: &Session) -> Result<(), Failure> {
    let is_on = |text: Option<&str>| text.is_some_and(|text| text.trim().eq_ignore_ascii_case("true"));
    let of_profile = profiles.get().and_then(|profile| profile.get("ignore_configured_endpoint_urls"));
    if is_on(session.environment.get(IGNORED))
        || (session.environment.get(IGNORED).is_none() && is_on(of_profile))
    {
        return Ok(());
    }
    let mut invalid = chosen(profiles, services, session);
    invalid.retain(|chosen| !is_endpoint(chosen.url.trim()));
    if invalid.is_empty() {
        return Ok(());
    }
    let describe = |chosen: &Chosen| format!("{} is {}: {RULE}", chosen.place, without_user(&chosen.url));
    let mut failure = Failure::Usage(invalid.iter().map(describe).collect());
    // The hint adds a missing scheme, and clears other invalid variables.
    let mut command = session.repeated(None);
    for chosen in invalid.iter().rev() {
        let meant = format!("http://{}", chosen.url.trim());
        if is_endpoint(&meant) && !chosen.url.contains("//") && !chosen.url.contains('@') {
            command = command.variable(&chosen.variable, &meant);
        } else if chosen.is_variable {
            // An empty variable counts as absent.
            command = command.variable(&chosen.variable, "");
        } else {
            return Err(failure
                .hint(&CommandLine::of("aws", &["configure", "list"]).option("--profile", profiles.name())));
        }
    }
    failure = failure.hint(&command);
    Err(failure)
}

/// The configured endpoints; variables come first because they override the profile.
fn chosen(profiles: &Profiles, services: &[&str], session: &Session) -> Vec<Chosen> {
    let variables = [GENERAL.to_owned()];
    let own = services.iter().map(|service| format!("{GENERAL}_{}", service.to_uppercase()));
    let variables = variables.into_iter().chain(own);
    let mut all: Vec<Chosen> = Vec::new();
    for variable in variables {
        if let Some(url) = session.environment.get(&variable) {
            all.push(Chosen { place: variable.clone(), variable, url: url.to_owned(), is_variable: true });
        }
    }
    let is_set = |variable: &str| session.environment.get(variable).is_some();
    let Some(profile) = profiles.get() else { return all };
    if let Some(url) = profile.get("endpoint_url").filter(|_| !is_set(GENERAL)) {
        let place = format!("endpoint_url of profile {}", profiles.name());
        all.push(Chosen { place, variable: GENERAL.to_owned(), url: url.to_owned(), is_variable: false });
    }
    let Some(section) = profile.get("services") else { return all };
    for service in services {
        let variable = format!("{GENERAL}_{}", service.to_uppercase());
        if let Some(url) = of_section(profiles.set(), section, service).filter(|_| !is_set(&variable)) {
            let place = format!("endpoint_url of {service} in services {section}");
            all.push(Chosen { place, variable, url, is_variable: false });
        }
    }
    all
}

fn of_section(set: &ProfileSet, section: &str, service: &str) -> Option<String> {
    let key = PropertiesKey::builder().section_key("services").section_name(section).property_name(service);
    set.other_sections().get(&key.sub_property_name("endpoint_url").build().ok()?).cloned()
}
