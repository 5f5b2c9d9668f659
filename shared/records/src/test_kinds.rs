//! Kinds for the tests of this crate, which does not depend on the real ones. The names are those of real kinds, because the
//! tests compare hashes and index keys with values worked out by hand.

use crate::descriptor::{
    Availability, Kind, KindDescriptor, NotEnabled, Schedule, Shape, Source, SourceDescriptor,
};
use crate::version::{BY_UPDATE, VersionRule};

pub const INSIGHT: Kind = Kind(&INSIGHT_KIND);
pub const METRIC: Kind = Kind(&METRIC_KIND);
pub const REFRESHED: Kind = Kind(&REFRESHED_KIND);
pub const ASSESSMENT: Kind = Kind(&ASSESSMENT_KIND);

static XRAY: SourceDescriptor = source("xray");
static CLOUDTRAIL: SourceDescriptor = source("cloudtrail");
static AUDIT_MANAGER: SourceDescriptor = source("auditmanager");

static INSIGHT_KIND: KindDescriptor = kind("xray.insight", Source(&XRAY), Shape::Insight);
static METRIC_KIND: KindDescriptor = KindDescriptor {
    version: VersionRule { keeps_earliest_start: true, ..BY_UPDATE },
    unhashed: &[&["covered_until"], &["updated_at"]],
    ..kind("cloudtrail.metric", Source(&CLOUDTRAIL), Shape::Series)
};
static REFRESHED_KIND: KindDescriptor = KindDescriptor {
    unhashed: &[&["updated_at"], &["detail", "last_refresh_time"]],
    ..kind("eks.insight", Source(&XRAY), Shape::Insight)
};
static ASSESSMENT_KIND: KindDescriptor =
    kind("auditmanager.assessment", Source(&AUDIT_MANAGER), Shape::Snapshot);

const fn kind(name: &'static str, source: Source, shape: Shape) -> KindDescriptor {
    KindDescriptor {
        is_in_ended: matches!(shape, Shape::Insight | Shape::Snapshot),
        ..KindDescriptor::plain(name, name, source, shape)
    }
}

const fn source(id: &'static str) -> SourceDescriptor {
    SourceDescriptor {
        id,
        label: id,
        package: id,
        logical_id: id,
        summary: id,
        endpoint_variable: id,
        kinds: &[],
        operations: &[],
        retention_days: 400,
        history: None,
        schedule: Schedule { minutes: 60 },
        push: None,
        availability: Availability { missing_partitions: &[], regions: &[] },
        not_enabled: NotEnabled { errors: &[], meaning: id },
        no_data: id,
    }
}
