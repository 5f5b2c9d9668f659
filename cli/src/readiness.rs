//! `insights readiness`: the EKS clusters of all accounts and regions by their next Kubernetes version, and what blocks the upgrade.

use crate::args::ReadinessArguments;
use crate::args::shared::Output;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::{csv, print, say, sections};
use crate::session::Session;
use insights_query::format::json;
use insights_query::health::survey;
use insights_query::readiness::{Assessment, Cluster, assess};
use insights_query::{Detail, Place, Reader};
use insights_sources::eks;
use insights_web::readiness;

/// Shows the clusters.
pub async fn run(arguments: &ReadinessArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.look.utc).at(&arguments.location);
    let question = async |reader: &Reader| answer(arguments, reader, &session).await;
    print(&Opened::ask(&arguments.location, &session, question).await?)?;
    Ok(Exit::Done)
}

async fn answer(
    arguments: &ReadinessArguments,
    reader: &Reader,
    session: &Session,
) -> Result<String, Failure> {
    let filters = &arguments.filters.selection();
    let is_chosen = |place: &Place| filters.selects_source(eks::SOURCE) && filters.selects_place(place);
    let mut clusters = reader.clusters().await?;
    clusters.retain(|cluster| is_chosen(&cluster.place) && filters.selects_entity(&cluster.row.name));
    let mut targets = survey(reader, None).await?;
    targets.retain(|target| is_chosen(&target.place));
    let shown = readiness::sections(&clusters, &targets, &session.location);
    if shown.is_empty() {
        let collect = session.command(&["collect", "--source", "eks"]);
        say(&format!("no EKS cluster has been collected; `{collect}` collects them"));
    }
    Ok(match arguments.look.output {
        Output::Json => json::records(&clusters.iter().map(Cluster::to_record).collect::<Vec<_>>()),
        Output::Csv => rows(&clusters),
        Output::Table => sections::render(&shown, &Detail::default(), session).join("\n"),
    })
}

/// A row for each cluster.
fn rows(clusters: &[Cluster]) -> String {
    let mut text = csv::row([
        "account_id",
        "region",
        "cluster",
        "kubernetes_version",
        "state",
        "failing",
        "failing_later",
        "failing_others",
    ]);
    for Cluster { place, row, .. } in clusters {
        let Assessment { readiness, version, failing, later, others } = assess(row);
        let ids: Vec<&str> = failing.iter().map(|check| check.id.as_str()).collect();
        let later = later.iter().flat_map(|(_, checks)| checks.iter().map(|check| check.id.as_str()));
        text.push_str(&csv::row([
            place.account_id.as_str(),
            &place.region,
            &row.name,
            version.unwrap_or_default(),
            readiness.as_str(),
            &ids.join("; "),
            &later.collect::<Vec<_>>().join("; "),
            &others.to_string(),
        ]));
    }
    text
}
