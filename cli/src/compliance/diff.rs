//! `insights compliance diff`: the controls that got worse between two days.

use super::choose;
use crate::args::ComplianceDiffArguments;
use crate::args::shared::Output;
use crate::exit::{Exit, Failure};
use crate::location::Opened;
use crate::output::tabular::{Column, Tabular, cell, heading, severity};
use crate::output::{csv, print, say};
use crate::session::Session;
use insights_query::compliance_diff::{Worse, domain_of, worse};
use insights_query::counts::Scope;
use insights_query::format::{json, plain, so_many, thousands};
use insights_query::input::When;
use insights_query::{Place, Reader};
use insights_shared::record::Stored;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Runs the command.
pub async fn run(arguments: &ComplianceDiffArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.at(&arguments.location);
    let now = session.clock.now();
    let [from, until] = [arguments.from, arguments.until].map(|day: When| day.start(now).floor(DAY_SECONDS));
    if from >= until {
        let (from, until) = (from.day(), until.day());
        return Err(Failure::usage(format!("the first day, {from}, must be before the second, {until}")));
    }
    let question = async |reader: &Reader| answer(arguments, from, until, reader, &session).await;
    print(&Opened::ask(&arguments.location, &session, question).await?)?;
    Ok(Exit::Done)
}

/// What got worse in one scope.
struct Compared {
    scope: Scope,
    changes: Vec<Worse>,
}

async fn answer(
    arguments: &ComplianceDiffArguments,
    from: Timestamp,
    until: Timestamp,
    reader: &Reader,
    session: &Session,
) -> Result<String, Failure> {
    let filters = arguments.filters.selection();
    let mut all = reader.scopes().await?;
    let titles: BTreeMap<String, String> =
        all.iter().map(|scope| (scope.pk.clone(), scope.title.clone())).collect();
    all.retain(|scope| {
        scope.kind.compliance.is_some()
            && filters.selects_source(scope.kind.source)
            && filters.selects_place(&scope.place)
            && filters.selects_entity(&scope.entity)
    });
    let mut chosen = choose(all, arguments.scope.as_deref())?;
    chosen.retain(|scope| !scope.is_part());
    if chosen.is_empty() {
        say("no counts have been collected of such a scope");
    }
    let mut compared = Vec::new();
    for scope in chosen {
        let (before, after) = (reader.parts_on(&scope, from).await?, reader.parts_on(&scope, until).await?);
        for (day, controls) in [(from, &before), (until, &after)] {
            if controls.is_empty() {
                let Place { account_id, region } = &scope.place;
                say(&format!(
                    "{} has no counts of {} in {account_id} {region}",
                    plain(&scope.title),
                    day.day()
                ));
            }
        }
        // Without counts of the earlier day every control would look new.
        let changes = if before.is_empty() { Vec::new() } else { worse(&before, after) };
        compared.push(Compared { scope, changes });
    }
    let records =
        || compared.iter().flat_map(|one| &one.changes).map(Worse::to_record).collect::<Vec<Stored>>();
    Ok(match arguments.look.output {
        Output::Json => json::records(&records()),
        Output::Csv => rows(&compared, &titles, from, until),
        Output::Table => page(&compared, &titles, from, until, session),
    })
}

fn page(
    compared: &[Compared],
    titles: &BTreeMap<String, String>,
    from: Timestamp,
    until: Timestamp,
    session: &Session,
) -> String {
    let places: BTreeSet<&Place> = compared.iter().map(|one| &one.scope.place).collect();
    let columns = [
        ("SEVERITY", Column::Fixed),
        ("CONTROL", Column::Text),
        ("SCOPE", Column::Text),
        ("BEFORE", Column::Number),
        ("AFTER", Column::Number),
        ("ADDED", Column::Number),
    ];
    let mut table = Tabular::new(session, &columns);
    let mut number = 0;
    for Compared { scope, changes } in compared {
        let place = match &scope.place {
            Place { account_id, region } if places.len() > 1 => {
                format!("\n{} {}", plain(account_id), plain(region))
            }
            _ => String::new(),
        };
        for change in changes {
            number += 1;
            let title = plain(change.control.text("title").unwrap_or_default());
            let domain = domain_of(&change.control).and_then(|pk| titles.get(&pk)).map(|title| plain(title));
            table.row(vec![
                severity(change.control.text("severity").unwrap_or_default(), None),
                cell(domain.map_or_else(|| title.clone(), |domain| format!("{title}\n{domain}"))),
                cell(format!("{}{place}", plain(&scope.title))),
                cell(change.before.map_or_else(|| "–".to_owned(), thousands)),
                cell(thousands(change.after)),
                cell(thousands(change.added())),
            ]);
        }
    }
    let title = format!(
        "{} with more non-compliant evidence on {} than on {}",
        so_many(number, "control", "controls"),
        until.day(),
        from.day()
    );
    if number == 0 { format!("{title}\n") } else { heading(&title, session) + &table.render() }
}

fn rows(
    compared: &[Compared],
    titles: &BTreeMap<String, String>,
    from: Timestamp,
    until: Timestamp,
) -> String {
    let mut text = csv::row([
        "account_id",
        "region",
        "scope",
        "domain",
        "pk",
        "title",
        "severity",
        "from",
        "until",
        "before",
        "after",
        "added",
    ]);
    for Compared { scope, changes } in compared {
        for change in changes {
            let of_control = |name: &str| csv::attribute(&change.control, name);
            let domain = domain_of(&change.control).and_then(|pk| titles.get(&pk).cloned());
            text.push_str(&csv::row([
                scope.place.account_id.clone(),
                scope.place.region.clone(),
                scope.title.clone(),
                domain.unwrap_or_default(),
                of_control("pk"),
                of_control("title"),
                of_control("severity"),
                from.day(),
                until.day(),
                change.before.map_or_else(String::new, |before| before.to_string()),
                change.after.to_string(),
                change.added().to_string(),
            ]));
        }
    }
    text
}
