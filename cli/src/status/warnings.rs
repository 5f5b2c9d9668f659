//! Warns that an answer may be incomplete because targets have problems. Without the warning, missing data would look
//! like few insights.

use crate::exit::Failure;
use crate::session::Session;
use insights_query::format::so_many;
use insights_query::health::{condition_of, described};
use insights_query::{Reader, Selection};

/// The warning, or `None` if no target that `filters` selects has problems.
pub async fn missing_data(
    reader: &Reader,
    filters: &Selection,
    session: &Session,
) -> Result<Option<String>, Failure> {
    let (mut number, mut first, mut others) = (0, None, 0);
    for source in insights_sources::all().filter(|source| filters.selects_source(*source)) {
        for (place, state) in reader.states(source).await? {
            if !filters.selects_place(&place) {
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
        format!("warning: data may be missing: {first}{more} of {targets}; see `{status}`")
    }))
}
