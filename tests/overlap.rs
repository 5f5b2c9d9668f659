//! Fetching and writing overlap: while the table takes what was found, the service is asked for more. In time that passes
//! only while everybody waits, so that it is known to the millisecond when each request was under way.

use auditmanager_insights::AuditmanagerInsights;
use cloudtrail_insights::CloudtrailInsights;
use insights_shared::collector::Collector;
use insights_tests::{Latency, Paced, UnderWay};
use std::fmt::Write;
use std::time::Duration;
use xray_insights::XrayInsights;

/// More of everything than is written at a time: what is found last has nothing left to wait for.
const MANY: i64 = 96;

fn story() -> String {
    let mut story = String::from("[xray]\ngroups = [{ name = \"shop\", insights_enabled = true }]\n");
    story.push_str("[auditmanager]\ncollected_at = \"6h\"\n");
    for number in 0..MANY {
        let minutes = 20 * number + 40;
        let subject = format!(
            "event_source = \"s{number}.amazonaws.com\"\nevent_name = \"Get\"\ninsight_type = \"ApiCallRateInsight\""
        );
        let _ = writeln!(
            story,
            "[[xray.insights]]\nname = \"{number}\"\ngroup = \"shop\"\nroot_cause = \"checkout\"\n\
             start = \"-{minutes}m\"\nevents = [{{ time = \"-{minutes}m\", summary = \"faults\" }}]\n\
             [[cloudtrail.insights]]\nkey = \"{number}\"\n{subject}\naverage = 44\nbaseline = 0.5\n\
             start = \"-{minutes}m\"\n\
             [[cloudtrail.series]]\n{subject}\nbaseline = 5\nnoise = 0\n\
             [[auditmanager.assessments]]\nname = \"assessment {number}\"\n\
             [[auditmanager.assessments.domains]]\nname = \"access {number}\"\n\
             controls = [{{ name = \"keys {number}\", control_set = \"1\", compliant = 3, noncompliant = {number} }}]"
        );
    }
    story
}

/// How many milliseconds hold for: some request of each of two sides is under way.
fn together(requests: &[UnderWay]) -> (usize, usize) {
    let end = requests.iter().map(|request| request.until).max().unwrap_or_default();
    let any = |is_table: bool, at: i64| {
        requests
            .iter()
            .any(|request| request.is_table == is_table && (request.from..request.until).contains(&at))
    };
    let writing = (0..end).filter(|at| any(true, *at));
    let (mut both, mut all) = (0, 0);
    for at in writing {
        all += 1;
        both += usize::from(any(false, at));
    }
    (both, all)
}

/// Of the time in which the table is asked or written, the service is asked during at least `percent`.
async fn check<C: Collector>(percent: usize) {
    // Longer than pacing keeps two requests apart, so that more than one is under way.
    let latency = Latency { service: Duration::from_millis(700), table: Duration::from_millis(20) };
    let paced = Paced::new(&story()).taking(latency);
    let instance = paced.instance::<C>(&[("CLOUDTRAIL_PERIOD", "3600")]);
    let response = paced.invoke(&instance, "{}").await.unwrap();
    assert_eq!(response["status"], "ok", "{response}");
    let (both, all) = together(&paced.under_way());
    assert!(both * 100 >= all * percent, "{}: {both} of {all} ms", C::SOURCE);
}

#[tokio::test(start_paused = true)]
async fn x_ray_is_asked_while_what_it_said_is_written() {
    check::<XrayInsights>(50).await;
}

#[tokio::test(start_paused = true)]
async fn cloudtrail_is_asked_while_what_it_said_is_written() {
    check::<CloudtrailInsights>(50).await;
}

#[tokio::test(start_paused = true)]
async fn audit_manager_is_asked_while_what_it_said_is_written() {
    check::<AuditmanagerInsights>(50).await;
}
