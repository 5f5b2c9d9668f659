//! Pages and their tokens. As in AWS, a token is valid for one operation, account and region, and for the parameters with
//! which it was issued; the page size may change. Tokens are base64, which the patterns of all services accept.

use crate::call::Call;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The number of bytes of the parameters' hash in a token.
const HASH_BYTES: usize = 16;
/// The hash, a number and an offset.
const TOKEN_BYTES: usize = HASH_BYTES + 1 + 8;

/// A token that the operation did not issue for these parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadToken;

/// The content of a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The number of items before the page.
    pub offset: usize,
    /// Distinguishes tokens with the same offset: the token of an empty page differs from the one before.
    pub number: u8,
}

/// The page of `items` that `call` asks for, and the token of the next page, if there is one. `token_member` and
/// `size_member` are the wire names of the parameters. `default_size` applies if `call` has no size, or if the operation has
/// none (an empty `size_member`). The service checks the range of the size.
pub fn paginate<'a, T>(
    call: &Call,
    items: &'a [T],
    token_member: &str,
    size_member: &str,
    default_size: usize,
) -> Result<(&'a [T], Option<String>), BadToken> {
    slice(call, items, token_member, size_member, asked(call, size_member).unwrap_or(default_size))
}

/// The same with pages of at most `limit` items, whatever size `call` has.
pub fn paginate_at_most<'a, T>(
    call: &Call,
    items: &'a [T],
    token_member: &str,
    size_member: &str,
    limit: usize,
) -> Result<(&'a [T], Option<String>), BadToken> {
    let size = asked(call, size_member).unwrap_or(limit).min(limit);
    slice(call, items, token_member, size_member, size)
}

/// The page size in `call`.
fn asked(call: &Call, size_member: &str) -> Option<usize> {
    let size = call.input.get(size_member).and_then(serde_json::Value::as_u64)?;
    usize::try_from(size).ok()
}

fn slice<'a, T>(
    call: &Call,
    items: &'a [T],
    token_member: &str,
    size_member: &str,
    size: usize,
) -> Result<(&'a [T], Option<String>), BadToken> {
    let offset = position(call, token_member, size_member)?.offset;
    let size = size.max(1);
    // If items have disappeared since the token was issued, the last page is empty.
    let rest = items.get(offset..).unwrap_or_default();
    let page = rest.get(..size).unwrap_or(rest);
    let next = (rest.len() > size)
        .then(|| token(call, Position { offset: offset + size, number: 0 }, token_member, size_member));
    Ok((page, next))
}

/// The position in the token of `call`; the start if there is no token.
pub fn position(call: &Call, token_member: &str, size_member: &str) -> Result<Position, BadToken> {
    let Some(text) = call.input.get(token_member) else { return Ok(Position::default()) };
    let bytes = text.as_str().and_then(|text| STANDARD.decode(text).ok()).ok_or(BadToken)?;
    let (hash, rest) = bytes.split_at_checked(HASH_BYTES).ok_or(BadToken)?;
    let (number, offset) = rest.split_first().ok_or(BadToken)?;
    if hash != binding(call, token_member, size_member) {
        return Err(BadToken);
    }
    let offset: [u8; 8] = offset.try_into().map_err(|_| BadToken)?;
    let offset = usize::try_from(u64::from_be_bytes(offset)).map_err(|_| BadToken)?;
    Ok(Position { offset, number: *number })
}

/// The token that leads `call` to `position`.
pub fn token(call: &Call, position: Position, token_member: &str, size_member: &str) -> String {
    let mut bytes = Vec::with_capacity(TOKEN_BYTES);
    bytes.extend_from_slice(&binding(call, token_member, size_member));
    bytes.push(position.number);
    bytes.extend_from_slice(&(position.offset as u64).to_be_bytes());
    STANDARD.encode(bytes)
}

fn binding(call: &Call, token_member: &str, size_member: &str) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for part in [call.operation, &call.account, &call.region] {
        hasher.update(part);
        hasher.update([0]);
    }
    // The map is sorted, so the order of the parameters in the request does not matter.
    for (name, value) in call.input.iter().filter(|(name, _)| *name != token_member && *name != size_member) {
        hasher.update(format!("{name}={value}\n"));
    }
    hasher.finalize().iter().take(HASH_BYTES).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::time::Timestamp;
    use serde_json::{Value, json};

    fn call(input: Value) -> Call {
        let Value::Object(input) = input else { panic!("an object") };
        Call {
            operation: "GetThings",
            account: "123456789012".into(),
            region: "eu-west-1".into(),
            now: Timestamp::from_seconds(0),
            input,
        }
    }

    fn page(input: Value) -> Result<(Vec<u32>, Option<String>), BadToken> {
        let items = [1, 2, 3, 4, 5];
        paginate(&call(input), &items, "NextToken", "MaxResults", 2).map(|(page, next)| (page.to_vec(), next))
    }

    #[test]
    fn pages_follow_one_another_until_the_last_which_has_no_token() {
        let (first, next) = page(json!({"Name": "a"})).unwrap();
        let (second, next) = page(json!({"Name": "a", "NextToken": next.unwrap()})).unwrap();
        let (third, next) = page(json!({"Name": "a", "NextToken": next.unwrap(), "MaxResults": 1})).unwrap();
        assert_eq!((first, second, third, next), (vec![1, 2], vec![3, 4], vec![5], None));
    }

    #[test]
    fn a_token_is_refused_with_other_parameters_in_another_region_and_if_it_was_not_issued() {
        let token = page(json!({"Name": "a"})).unwrap().1.unwrap();
        assert_eq!(page(json!({"Name": "b", "NextToken": token})), Err(BadToken));
        assert_eq!(page(json!({"Name": "a", "NextToken": "AAAA"})), Err(BadToken));
        assert_eq!(page(json!({"Name": "a", "NextToken": "no base64!"})), Err(BadToken));
        let mut elsewhere = call(json!({"Name": "a", "NextToken": token}));
        elsewhere.region = "us-east-1".into();
        assert_eq!(position(&elsewhere, "NextToken", "MaxResults"), Err(BadToken));
    }

    #[test]
    fn tokens_keep_to_the_base64_alphabet_and_to_the_shortest_limit_of_any_service() {
        let token = page(json!({})).unwrap().1.unwrap();
        assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c)), "{token}");
        assert!((4..=100).contains(&token.len()), "{token}");
    }

    #[test]
    fn a_page_beyond_the_items_is_empty_and_the_last() {
        let call = call(json!({}));
        let token = token(&call, Position { offset: 9, number: 0 }, "NextToken", "MaxResults");
        assert_eq!(page(json!({"NextToken": token})), Ok((vec![], None)));
    }
}
