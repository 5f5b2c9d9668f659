//! The function binary and services with TLS.

use insights_tests::tls::assert_one_full_handshake;

/// This number of series with calls in every minute of two days except the last hour, each with an insight.
fn story(series: usize) -> String {
    let subject = |number: usize| {
        format!(
            "event_source = \"ec2.amazonaws.com\"\nevent_name = \"Operation{number}\"\n\
             insight_type = \"ApiCallRateInsight\"\n"
        )
    };
    let of_one = |number: usize| {
        let subject = subject(number);
        format!(
            "[[cloudtrail.insights]]\n{subject}start = \"-3h\"\nend = \"-2h\"\naverage = 2\n\
             [[cloudtrail.series]]\n{subject}noise = 0\nbursts = [{{ from = \"-2d\", to = \"-1h\", rate = 5 }}]\n"
        )
    };
    let trail = "[[cloudtrail.trails]]\nname = \"management\"\ninsight_selectors = [{ type = \"ApiCallRateInsight\" }]\n";
    trail.to_owned() + &(0..series).map(of_one).collect::<String>()
}

#[tokio::test]
async fn each_endpoint_has_one_full_handshake_in_the_first_invocation_and_none_in_a_warm_one() {
    let binary = env!("CARGO_BIN_EXE_cloudtrail-insights");
    assert_one_full_handshake(binary, "cloudtrail-insights", &story(10), 40).await;
}
