//! Percent-encoded names and values, as in query strings and in the bodies of the Query protocol.

/// The decoded pairs of `text`.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// Decodes percent-encoded `text`, in which `+` is not a space.
pub(crate) fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded_and_broken_escapes_stay() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let pairs = pairs(text);
            let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(pairs, expected, "{text}");
        };
        check("", &[]);
        check("Action=AssumeRole&RoleArn=arn%3Aaws", &[("Action", "AssumeRole"), ("RoleArn", "arn:aws")]);
        check("a=b+c%2B%C3%A9&d", &[("a", "b c+é"), ("d", "")]);
        check("a=%zz%4", &[("a", "%zz%4")]);
        assert_eq!(decode("a+b%2F"), "a+b/");
    }
}
