//! `GetGroups` and `GetGroup`.

use super::wire::{self, page};
use super::{Data, Group, invalid};
use crate::call::{Answer, Call, ServiceError};
use crate::constraint::Constraints;
use serde_json::json;

/// The page size of `GetGroups`.
const GROUPS_PAGE: usize = 100;

/// `GetGroups`.
pub(super) fn list(data: &Data, call: &Call) -> Answer {
    let mut constraints = Constraints::new(call);
    constraints.string("NextToken", 1..=100, None, "");
    constraints.finish().map_err(invalid)?;
    let groups: Vec<_> = data.groups.iter().map(|group| wire::group(group, call)).collect();
    page(data, call, (&groups, serde_json::Value::clone), "Groups", "", GROUPS_PAGE)
}

/// `GetGroup`.
pub(super) fn get(data: &Data, call: &Call) -> Answer {
    let mut constraints = Constraints::new(call);
    named(&mut constraints);
    constraints.finish().map_err(invalid)?;
    let group = find(data, call)?;
    Ok(json!({ "Group": wire::group(group, call) }))
}

/// Checks the parameters that name a group.
pub(super) fn named(constraints: &mut Constraints<'_>) {
    constraints.string("GroupName", 1..=32, None, "");
    constraints.string("GroupARN", 1..=400, None, "");
}

/// The group that `call` names by name, ARN or both.
pub(super) fn find<'a>(data: &'a Data, call: &Call) -> Result<&'a Group, ServiceError> {
    let text = |name: &str| call.input.get(name).and_then(serde_json::Value::as_str);
    let (name, arn) = (text("GroupName"), text("GroupARN"));
    if name.is_none() && arn.is_none() {
        return Err(invalid("One of GroupName or GroupARN must be provided."));
    }
    let matches = |group: &&Group| {
        name.is_none_or(|name| name == group.name)
            && arn.is_none_or(|arn| arn == wire::group_arn(group, call))
    };
    data.groups.iter().find(matches).ok_or_else(|| invalid("Group not found."))
}
