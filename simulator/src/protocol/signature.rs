//! Reads the signer of a request from the credential scope of its Signature Version 4. The signature itself is not verified,
//! so any secret is accepted.

use super::form;
use super::request::Received;

/// The prefix of access keys that the simulated STS issues; the account follows it.
pub(crate) const TEMPORARY_PREFIX: &str = "ASIASIM";

/// The signer of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signer {
    /// The access key.
    pub(crate) key: String,
    /// The region in the scope.
    pub(crate) region: String,
    /// The service in the scope.
    pub(crate) service: String,
    /// The session token.
    pub(crate) token: Option<String>,
}

/// Why a request has no signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureError {
    /// The request is not signed.
    Missing,
    /// The `Authorization` header is not a Signature Version 4.
    Malformed,
}

impl Signer {
    /// Reads the signer from the `Authorization` header, or from the query string of a presigned request.
    pub(crate) fn read(request: &Received) -> Result<Self, SignatureError> {
        let query = form::pairs(&request.query);
        let queried = |name: &str| {
            query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        };
        let (credential, token) = match request.header("authorization") {
            Some(header) => {
                // A signature is valid for some minutes around its date, which must be sent too.
                request
                    .header("x-amz-date")
                    .or_else(|| request.header("date"))
                    .ok_or(SignatureError::Malformed)?;
                (credential(header)?.to_owned(), request.header("x-amz-security-token"))
            }
            None => (queried("X-Amz-Credential").ok_or(SignatureError::Missing)?, None),
        };
        let token = token.map(str::to_owned).or_else(|| queried("X-Amz-Security-Token"));
        let mut parts = credential.rsplitn(5, '/');
        let mut part = || parts.next().filter(|part| !part.is_empty()).ok_or(SignatureError::Malformed);
        let end = part()?;
        let service = part()?.to_owned();
        let region = part()?.to_owned();
        let date = part()?;
        let key = part()?.to_owned();
        let dated = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
        if end != "aws4_request" || !dated {
            return Err(SignatureError::Malformed);
        }
        Ok(Self { key, region, service, token })
    }

    /// The account in an access key that the simulated STS issued.
    pub(crate) fn account(&self) -> Option<&str> {
        self.key.strip_prefix(TEMPORARY_PREFIX)?.get(..12).filter(|text| crate::scenario::is_account(text))
    }
}

/// The credential in an `Authorization` header.
fn credential(header: &str) -> Result<&str, SignatureError> {
    let parameters = header.strip_prefix("AWS4-HMAC-SHA256").ok_or(SignatureError::Malformed)?;
    let mut found = None;
    let mut complete = 0;
    for parameter in parameters.split(',') {
        match parameter.trim().split_once('=') {
            Some(("Credential", value)) => found = Some(value),
            Some(("SignedHeaders" | "Signature", value)) if !value.is_empty() => complete += 1,
            _ => return Err(SignatureError::Malformed),
        }
    }
    found.filter(|_| complete == 2).ok_or(SignatureError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(header: Option<&str>, query: &str) -> Received {
        let date = ("x-amz-date".to_owned(), "20260301T120000Z".to_owned());
        let signature = header.map(|value| ("authorization".to_owned(), value.to_owned()));
        let headers = signature.into_iter().chain([date]).collect();
        Received { method: "POST".into(), path: "/".into(), query: query.into(), headers, body: "".into() }
    }

    #[test]
    fn the_scope_gives_key_region_and_service() {
        let header = "AWS4-HMAC-SHA256 Credential=AKID/20260301/eu-west-1/xray/aws4_request, SignedHeaders=host, Signature=ab";
        let signer = Signer::read(&request(Some(header), "")).unwrap();
        assert_eq!((signer.key.as_str(), signer.region.as_str()), ("AKID", "eu-west-1"));
        assert_eq!((signer.service.as_str(), signer.account()), ("xray", None));
        let presigned = "X-Amz-Credential=ASIASIM111122223333X%2F20260301%2Fus-east-1%2Fsts%2Faws4_request";
        let signer = Signer::read(&request(None, presigned)).unwrap();
        assert_eq!(signer.account(), Some("111122223333"));
    }

    #[test]
    fn a_malformed_signature_differs_from_a_missing_one() {
        let check = |header: Option<&str>, expected| {
            assert_eq!(Signer::read(&request(header, "")), Err(expected), "{header:?}");
        };
        check(None, SignatureError::Missing);
        for header in [
            "Basic abc",
            "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=ab",
            "AWS4-HMAC-SHA256 Credential=AKID/20260301/eu-west-1/aws4_request, SignedHeaders=host, Signature=ab",
            "AWS4-HMAC-SHA256 Credential=AKID/today/eu-west-1/xray/aws4_request, SignedHeaders=host, Signature=ab",
            "AWS4-HMAC-SHA256 Credential=AKID/20260301/eu-west-1/xray/aws4_request",
        ] {
            check(Some(header), SignatureError::Malformed);
        }
    }
}
