//! The collector against the simulated CloudTrail and the embedded table.

use cloudtrail_insights::CloudtrailInsights;
use insights_tests::Lab;

#[tokio::test]
async fn smoke() {
    let lab = Lab::built_in().await;
    let function = lab.function::<CloudtrailInsights>(&[]);
    let response = function.invoke("{}").await.unwrap();
    println!("{}", serde_json::to_string_pretty(&response).unwrap());
    println!("{:?}", lab.table().await.kinds());
    let table = lab.table().await;
    for item in table.of_kind("catalog") {
        println!("{item:?}");
    }
    for item in table.of_kind("state") {
        println!("{item:?}");
    }
    for item in table.of_kind("cloudtrail.insight") {
        println!(
            "{:?} {:?} {:?} {:?} {:?}",
            item["title"],
            item["status"],
            item["severity"],
            item["started_at"],
            item.get("ended_at")
        );
    }
    lab.simulator.clear_log();
    lab.advance(60);
    let function = lab.function::<CloudtrailInsights>(&[]);
    let response = function.invoke("{}").await.unwrap();
    println!("{}", serde_json::to_string_pretty(&response).unwrap());
    println!("{:?}", lab.simulator.counts());
    table.assert_same_content(&lab.table().await);
}
