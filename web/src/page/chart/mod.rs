//! The data of charts. `assets/charts.js` draws them with Observable Plot. Every chart has a table with the same data, for
//! readers without scripts or with a screen reader.

pub mod graph;

use insights_query::format::escape::visible_json;
use insights_shared::time::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, PreEscaped, html};
use serde::Serialize;

/// A chart of `kind`, which shows `label`, to be drawn from `data`.
pub fn canvas(kind: &str, label: &str, data: &impl Serialize) -> Markup {
    html! {
        div.canvas data-chart=(kind) data-label=(label) {
            script type="application/json" { (PreEscaped(embedded(data))) }
            noscript { p.quiet { "The chart needs a script. The same is below as text." } }
        }
    }
}

/// JSON that cannot end its `script` element. Hidden characters are escaped.
fn embedded(data: &impl Serialize) -> String {
    // These structures can always be serialized.
    let json = serde_json::to_string(data).unwrap_or_default();
    visible_json(&json).replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// A time in a chart: the local time in `zone` as seconds since 1970, as if it were UTC. A chart therefore shows times in the
/// time zone of the page, not of the browser.
pub fn clock(instant: Timestamp, zone: &TimeZone) -> i64 {
    let Ok(shown) = jiff::Timestamp::from_millisecond(instant.millis()) else { return instant.seconds() };
    instant.seconds() + i64::from(zone.to_offset(shown).seconds())
}

/// The patterns of the charts, once per page. Hatched means unknown.
pub fn patterns() -> Markup {
    html! {
        svg.patterns width="0" height="0" aria-hidden="true" {
            defs {
                pattern id="unknown" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    line.hatch x1="0" y1="0" x2="0" y2="6" {}
                }
            }
        }
    }
}

/// A symbol in a legend.
#[derive(Clone, Copy, Debug)]
pub enum Sign {
    /// A line with this class.
    Line(&'static str),
    /// An area with this class.
    Surface(&'static str),
    /// A hatched area.
    Hatched,
}

/// A legend. It is hidden from screen readers, because the table has the same data.
pub fn legend(signs: &[(Sign, &str)]) -> Markup {
    html! {
        p.legend aria-hidden="true" {
            @for (sign, meaning) in signs {
                span {
                    @match sign {
                        Sign::Line(class) => svg width="22" height="8" { line.(class) x1="0" x2="22" y1="4" y2="4" {} },
                        Sign::Surface(class) => svg width="12" height="12" { rect.(class) width="12" height="12" {} },
                        Sign::Hatched => svg width="12" height="12" { rect width="12" height="12" fill="url(#unknown)" {} },
                    }
                    (meaning)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_element() {
        let drawn =
            canvas("rate", "\"><b>", &["</script><script>alert(1)</script>", "<!--", "a & b"]).into_string();
        assert_eq!(drawn.matches("</script>").count(), 1, "{drawn}");
        assert!(!drawn.contains("<!--") && !drawn.contains("<b>"), "{drawn}");
        let (_, json) = drawn.split_once("application/json\">").unwrap();
        let json: Vec<String> = serde_json::from_str(json.split_once("</script>").unwrap().0).unwrap();
        assert_eq!(json, ["</script><script>alert(1)</script>", "<!--", "a & b"]);
    }

    #[test]
    fn hidden_characters_of_a_chart_are_escaped() {
        let drawn = canvas("rate", "x", &["pay\u{202e}stnem", "\u{9b}31m"]).into_string();
        let (_, json) = drawn.split_once("application/json\">").unwrap();
        let json: Vec<String> = serde_json::from_str(json.split_once("</script>").unwrap().0).unwrap();
        assert_eq!(json, ["pay\\u{202e}stnem", "\\u{9b}31m"]);
    }

    #[test]
    fn times_are_in_the_time_zone_of_the_page() {
        let noon: Timestamp = "1970-01-01T12:00:00.900Z".parse().unwrap();
        assert_eq!(clock(noon, &TimeZone::UTC), 43_200);
        assert_eq!(clock(noon, &TimeZone::fixed(jiff::tz::offset(-3))), 32_400);
        let summer: Timestamp = "2026-07-01T00:00:00Z".parse().unwrap();
        let winter: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(clock(summer, &berlin) - summer.seconds(), 7_200);
        assert_eq!(clock(winter, &berlin) - winter.seconds(), 3_600);
    }
}
