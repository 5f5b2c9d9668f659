//! A small X-Ray scenario with numbers that can be checked by hand.

/// Faults in checkout: open, two events, a graph of two services.
pub const OPEN: &str = "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f";
/// Ended yesterday: one event.
pub const CLOSED: &str = "22222222-2222-4222-8222-222222222222";
/// Open since half an hour before [`crate::NOW`]. It grows half an hour after [`crate::NOW`], and ends one hour after it.
pub const GROWING: &str = "33333333-3333-4333-8333-333333333333";

/// Two groups with insights and one without; three insights, one of which has ended. Pages have a single item, so all
/// listings have several pages.
pub const STORY: &str = r#"
[xray]
page_size = 1
groups = [
    { name = "shop", insights_enabled = true },
    { name = "Default", insights_enabled = false },
    { name = "pages", insights_enabled = true },
]

[[xray.insights]]
id = "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f"
group = "shop"
start = "-3h"
categories = ["FAULT"]
root_cause = { name = "checkout", account_id = "own", type = "AWS::Lambda::Function" }
events = [
    { time = "-2h", summary = "Faults in checkout", root_cause = { fault = 10, ok = 90, total = 100 } },
    { time = "-1h", summary = "More faults in checkout", root_cause = { fault = 60, ok = 40, total = 100 } },
]
graph = [
    { name = "storefront", type = "client", edges = ["checkout"] },
    { name = "checkout", account_id = "own", edges = [] },
]

[[xray.insights]]
id = "22222222-2222-4222-8222-222222222222"
group = "shop"
start = "-26h"
end = "-25h"
root_cause = "payments"
events = [
    { time = "-25h", summary = "payments is back to normal", client = { fault = 5, ok = 95, total = 100 } },
]

[[xray.insights]]
id = "33333333-3333-4333-8333-333333333333"
group = "pages"
start = "-30m"
end = "+1h"
root_cause = "pages"
events = [
    { time = "-25m", summary = "pages fail", root_cause = { fault = 1, ok = 99, total = 100 } },
    { time = "-20m", summary = "pages fail more", root_cause = { fault = 5, ok = 95, total = 100 } },
    { time = "-15m", summary = "pages fail still more", root_cause = { fault = 20, ok = 80, total = 100 } },
    { time = "+30m", summary = "pages fail most", root_cause = { fault = 50, ok = 50, total = 100 } },
    { time = "+1h", summary = "pages are back to normal", root_cause = { fault = 55, ok = 145, total = 200 } },
]
"#;
