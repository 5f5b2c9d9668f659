//! What an answer may lack because its targets are not well. Whoever asks what is wrong now has to be told that a source was
//! refused, or has not run for a day, beside what is there: few insights and few answers look alike.

use crate::exit::Failure;
use crate::session::Session;
use insights_query::Reader;
use insights_query::format::so_many;
use insights_query::health::{condition_of, described};
use insights_shared::record::Source;

/// Whose targets an answer is about; `None` is all of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// One source alone.
    pub source: Option<Source>,
    /// One account alone.
    pub account: Option<&'a str>,
    /// One region alone.
    pub region: Option<&'a str>,
}

/// What may be missing, in a line; `None` if every target that was ever run is well.
pub async fn missing_data(
    reader: &Reader,
    about: About<'_>,
    session: &Session,
) -> Result<Option<String>, Failure> {
    let is = |wanted: Option<&str>, is: &str| wanted.is_none_or(|wanted| wanted == is);
    let (mut number, mut first, mut others) = (0, None, 0);
    for source in insights_sources::all().filter(|source| about.source.is_none_or(|asked| asked == *source)) {
        for (place, state) in reader.states(source).await? {
            if !is(about.account, &place.account_id) || !is(about.region, &place.region) {
                continue;
            }
            number += 1;
            let condition = condition_of(reader, source, &place, &state).await?;
            if condition.is_well() {
                continue;
            }
            if first.is_none() {
                first = Some(described(
                    source,
                    &place,
                    condition,
                    state.timestamp("last_success_at"),
                    reader.now(),
                ));
            } else {
                others += 1;
            }
        }
    }
    Ok(first.map(|first| {
        let more = if others > 0 { format!(", and {others} more") } else { String::new() };
        let targets = so_many(number, "target", "targets");
        let status = session.command(&["status"]);
        format!("warning: something may be missing: {first}{more} of {targets}; see `{status}`")
    }))
}
