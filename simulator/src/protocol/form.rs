//! Percent-encoded names and values, as in query strings and in the Query protocol's bodies.

/// The decoded pairs of `text`.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

/// Decodes percent-encoded `text`; `+` is a space in forms only.
pub(crate) fn decode(text: &str, form: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let escaped = after.get(..2).filter(|_| byte == b'%').and_then(hex);
        match escaped {
            Some(escaped) => {
                bytes.push(escaped);
                rest = after.get(2..).unwrap_or_default();
            }
            None if byte == b'+' && form => bytes.push(b' '),
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
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
        assert_eq!(decode("a+b%2F", false), "a+b/");
    }
}
