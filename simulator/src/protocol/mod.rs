//! What the wire looks like: which operation a request is for, who signed it, and how each protocol writes answers and
//! errors. It knows no service's meaning.

pub mod answer;
pub mod canned;
pub mod form;
pub mod request;
pub mod signature;
