//! What was probably meant by a name that is not known.

/// The name of `known` that `given` was probably meant to be, if one is near enough.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let farthest = (given.chars().count() / 4).clamp(1, 3);
    let distances = known.into_iter().map(|name| {
        let lower = name.to_lowercase();
        // A part of the name, as `soc` of `SOC 2`, is as good as a small slip.
        let is_part = given.chars().count() >= 3 && (lower.contains(&given) || given.contains(&lower));
        (if is_part { 1 } else { distance(&given, &lower) }, name)
    });
    distances
        .filter(|(distance, _)| *distance <= farthest)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many characters have to be put in, left out or changed to get from one text to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, character) in from.chars().enumerate() {
        let mut next = vec![index + 1];
        for (&other, pair) in to.iter().zip(row.windows(2)) {
            let &[diagonal, above] = pair else { continue };
            let left = next.last().copied().unwrap_or_default();
            let change = diagonal + usize::from(character != other);
            next.push(change.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        let known = ["xray", "cloudtrail", "auditmanager"];
        for (given, expected) in [
            ("xray", Some("xray")),
            ("x-ray", Some("xray")),
            ("cloudtrial", Some("cloudtrail")),
            ("CloudTrail", Some("cloudtrail")),
            ("audit", Some("auditmanager")),
            ("lambda", None),
            ("xraz", Some("xray")),
            ("xrzz", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, known), expected, "{given}");
        }
        assert_eq!(nearest("xray", []), None);
    }

    #[test]
    fn distances_count_what_has_to_be_changed() {
        for (from, to, expected) in
            [("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("same", "same", 0)]
        {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }
}
