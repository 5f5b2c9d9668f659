//! Routes of the REST protocols, as Smithy's HTTP bindings define them
//! (<https://smithy.io/2.0/spec/http-bindings.html#uri>).

use crate::protocol::form::decode;
use std::cmp::Ordering;

/// A method and a path pattern. A segment of the pattern is a literal, a label (`{name}`), which matches one non-empty
/// segment, or a greedy label (`{name+}`), which matches one or more segments. A pattern has at most one greedy label.
/// Literals and labels may follow it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    /// Such as `GET`.
    pub(crate) method: &'static str,
    /// Such as `/clusters/{name}/insights/{id}`.
    pub(crate) path: &'static str,
}

/// The labels of a route with the values that a path gives them, without percent-encoding.
pub(crate) type Labels = Vec<(&'static str, String)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(&'static str),
    Label(&'static str),
    Greedy(&'static str),
}

impl Segment {
    fn parse(text: &'static str) -> Self {
        match text.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
            Some(label) => label.strip_suffix('+').map_or(Self::Label(label), Self::Greedy),
            None => Self::Literal(text),
        }
    }

    /// Matches one segment of a path, still percent-encoded.
    fn matches(self, text: &str, labels: &mut Labels) -> bool {
        match self {
            Self::Literal(literal) => literal == text,
            Self::Label(name) | Self::Greedy(name) => {
                labels.push((name, decode(text)));
                !text.is_empty()
            }
        }
    }

    /// How general the segment is. Of two routes that match, the one with the less general segment applies.
    fn generality(self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Label(_) => 1,
            Self::Greedy(_) => 2,
        }
    }
}

impl Route {
    fn segments(self) -> impl Iterator<Item = Segment> {
        self.path.strip_prefix('/').unwrap_or(self.path).split('/').map(Segment::parse)
    }

    /// The labels of a request's method and path, which is still percent-encoded; `None` if they do not match.
    pub(crate) fn matches(self, method: &str, path: &str) -> Option<Labels> {
        if method != self.method {
            return None;
        }
        let pattern: Vec<Segment> = self.segments().collect();
        let path: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        // The greedy label matches the segments that remain.
        let greedy = pattern.iter().position(|segment| matches!(segment, Segment::Greedy(_)));
        let taken = (path.len() + 1).checked_sub(pattern.len()).filter(|taken| *taken > 0)?;
        let mut labels = Labels::new();
        let mut rest = path.as_slice();
        for (index, segment) in pattern.into_iter().enumerate() {
            let count = if greedy == Some(index) { taken } else { 1 };
            let (text, after) = rest.split_at_checked(count)?;
            rest = after;
            if !segment.matches(&text.join("/"), &mut labels) {
                return None;
            }
        }
        rest.is_empty().then_some(labels)
    }

    /// Orders routes by precedence: from left to right, a literal is before a label, a label is before a greedy label, and a
    /// longer pattern is before its prefix.
    pub(crate) fn precedence(self, other: Self) -> Ordering {
        let key = |route: Self| route.segments().map(Segment::generality).chain([u8::MAX]);
        key(self).cmp(key(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pattern: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
        Route { method: "GET", path: pattern }.matches("GET", path)
    }

    fn check(pattern: &'static str, path: &str, expected: Option<&[(&str, &str)]>) {
        let found = labels(pattern, path);
        let found: Option<Vec<(&str, &str)>> =
            found.as_ref().map(|found| found.iter().map(|(name, value)| (*name, value.as_str())).collect());
        assert_eq!(found.as_deref(), expected, "{pattern} {path}");
    }

    #[test]
    fn a_label_matches_one_segment_that_is_not_empty() {
        let id = "/clusters/{name}/insights/{id}";
        check("/insights", "/insights", Some(&[]));
        check("/insights", "/insights/", None);
        check("/insights", "/Insights", None);
        check("/insights", "insights", None);
        check(id, "/clusters/shop/insights/1", Some(&[("name", "shop"), ("id", "1")]));
        check(id, "/clusters/a%2Fb%20c/insights/1+2", Some(&[("name", "a/b c"), ("id", "1+2")]));
        check(id, "/clusters//insights/1", None);
        check(id, "/clusters/shop/insights/", None);
        check(id, "/clusters/shop/insights", None);
        check(id, "/clusters/shop/insights/1/", None);
        check(id, "/clusters/shop/insights/1/2", None);
    }

    #[test]
    fn a_greedy_label_matches_the_rest_with_its_slashes() {
        let arn = "/insights/results/{InsightArn+}";
        let value = "arn:aws:securityhub:eu-west-1:1:insight/1/custom/a b";
        check(arn, "/insights/results/x", Some(&[("InsightArn", "x")]));
        check(
            arn,
            "/insights/results/arn:aws:securityhub:eu-west-1:1:insight/1/custom/a%20b",
            Some(&[("InsightArn", value)]),
        );
        check(
            arn,
            "/insights/results/arn%3Aaws%3Asecurityhub%3Aeu-west-1%3A1%3Ainsight%2F1%2Fcustom%2Fa%20b",
            Some(&[("InsightArn", value)]),
        );
        check(arn, "/insights/results/x/", Some(&[("InsightArn", "x/")]));
        check(arn, "/insights/results//x", Some(&[("InsightArn", "/x")]));
        check(arn, "/insights/results/", None);
        check(arn, "/insights/results", None);
        check(arn, "/insights/result/x", None);
    }

    #[test]
    fn a_greedy_label_in_the_middle_leaves_the_segments_after_it() {
        let tags = "/resources/{Arn+}/tags/{Key}";
        check(tags, "/resources/a/tags/k", Some(&[("Arn", "a"), ("Key", "k")]));
        check(tags, "/resources/a/b/tags/tags/k", Some(&[("Arn", "a/b/tags"), ("Key", "k")]));
        check(tags, "/resources/a%2Fb/tags/k%2Fl", Some(&[("Arn", "a/b"), ("Key", "k/l")]));
        check(tags, "/resources/tags/k", None);
        check(tags, "/resources//tags/k", None);
        check(tags, "/resources/a/tags/", None);
        check(tags, "/resources/a/k", None);
    }

    #[test]
    fn the_method_has_to_be_the_routes() {
        let route = Route { method: "GET", path: "/insights" };
        assert_eq!((route.matches("POST", "/insights"), route.matches("get", "/insights")), (None, None));
    }

    #[test]
    fn literals_precede_labels_and_labels_precede_greedy_labels() {
        let check = |first: &'static str, second: &'static str| {
            let [first, second] = [first, second].map(|path| Route { method: "GET", path });
            assert_eq!(first.precedence(second), Ordering::Less, "{first:?} {second:?}");
            assert_eq!(second.precedence(first), Ordering::Greater, "{first:?} {second:?}");
        };
        check("/insights/get", "/insights/{id}");
        check("/insights/{id}", "/insights/{arn+}");
        check("/insights/get", "/insights/{arn+}");
        check("/insights/{id}", "/{kind}/get");
        check("/{arn+}/tags", "/{arn+}");
        check("/{arn+}/tags", "/{arn+}/{key}");
    }
}
