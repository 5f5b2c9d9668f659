//! Decimal numbers with all digits, in one canonical notation.
//!
//! DynamoDB keeps decimals of 38 digits and returns them in its own notation, JSON allows several notations, and binary
//! floating point loses digits of large counters. A [`Number`] is its canonical text: the format of ECMAScript's
//! `Number::toString`, as in RFC 8785, but with all digits. Equal numbers therefore have equal texts and equal hashes.

use crate::value::Text;
use compact_str::ToCompactString;
use std::borrow::Cow;
use std::fmt::{self, Write};

/// The maximum number of significant digits that DynamoDB keeps.
const MAX_DIGITS: usize = 38;
/// The absolute value of a number is below 10 to this power, and at least 10 to [`MIN_EXPONENT`], or zero.
const MAX_EXPONENT: i64 = 126;
/// DynamoDB's smallest positive number is 1E-130.
const MIN_EXPONENT: i64 = -130;
/// The rule that a number outside DynamoDB's range breaks.
const TOO_LARGE: &str = "is 1E126 or more in magnitude";
const TOO_SMALL: &str = "is below 1E-130 in magnitude";
/// Whole numbers with an absolute value below this are exact in binary and have no exponent.
const EXACT: f64 = 1e15;

/// A finite decimal number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Text);

impl Number {
    /// Reads a decimal literal such as `-12.50`, `1e3` or `9.82222E-5`; `None` if it is not one.
    pub fn parse(literal: &str) -> Option<Self> {
        if is_plain(literal) {
            return Some(Self(literal.into()));
        }
        let decimal = Decimal::parse(literal)?;
        Some(Self(decimal.to_compact_string()))
    }

    /// The shortest decimal that is read back as `value`; `None` for NaN and infinity.
    pub fn from_f64(value: f64) -> Option<Self> {
        let mut text = Text::default();
        write_f64(value, &mut text).then_some(Self(text))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the canonical text.
    pub fn into_string(self) -> String {
        self.0.into()
    }

    /// The nearest binary floating-point number.
    pub fn as_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// The whole number; `None` if it is a fraction or does not fit into 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The reason why DynamoDB would reject the number; `None` if it would accept it.
    ///
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
    pub fn violation(&self) -> Option<&'static str> {
        if self.0.len() <= MAX_DIGITS && !self.0.contains('e') {
            // A text without an exponent contains every digit, so its length limits the exponent too.
            return None;
        }
        let decimal = Decimal::parse(&self.0)?;
        if decimal.digits.len() > MAX_DIGITS {
            Some("has more than 38 significant digits")
        } else if decimal.digits.is_empty() {
            None
        } else if decimal.point > MAX_EXPONENT {
            Some(TOO_LARGE)
        } else if decimal.point <= MIN_EXPONENT {
            Some(TOO_SMALL)
        } else {
            None
        }
    }
}

/// Like [`Number::violation`], for a binary floating-point number. Its decimal has at most 17 digits.
pub fn violation_of_f64(value: f64) -> Option<&'static str> {
    let magnitude = value.abs();
    if !value.is_finite() {
        Some("is not a finite number")
    } else if magnitude >= 1e126 {
        Some(TOO_LARGE)
    } else if magnitude != 0.0 && magnitude < 1e-130 {
        Some(TOO_SMALL)
    } else {
        None
    }
}

/// Appends the canonical text of the shortest decimal that is read back as `value`. Returns `false` for NaN and infinity, and
/// appends nothing.
pub fn write_f64(value: f64, out: &mut impl Write) -> bool {
    if value.abs() < EXACT && value.fract() == 0.0 {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 10 to the 15th")]
        write_i64(value as i64, out);
        return true;
    }
    if !value.is_finite() {
        return false;
    }
    let mut shortest = Digits::default();
    // The text has at most 24 characters, all of them ASCII.
    let _ = write!(shortest, "{value:e}");
    let (mantissa, exponent) = shortest.as_str().split_once('e').unwrap_or((shortest.as_str(), "0"));
    let mut digits = Digits::default();
    for part in mantissa.trim_start_matches('-').split('.') {
        let _ = digits.write_str(part);
    }
    let point = exponent.parse::<i64>().unwrap_or_default() + 1;
    let decimal = Decimal { negative: value < 0.0, digits: Cow::Borrowed(digits.as_str()), point };
    write!(out, "{decimal}").is_ok()
}

/// Appends a whole number.
pub fn write_i64(value: i64, out: &mut impl Write) {
    // Writing to a string cannot fail.
    let _ = out.write_str(&value.to_compact_string());
}

/// Whether a literal already is canonical, as nearly all are: a whole number, or a fraction without an exponent.
fn is_plain(literal: &str) -> bool {
    let digits = literal.strip_prefix('-').unwrap_or(literal).as_bytes();
    let is_digits = |digits: &[u8]| digits.len() < 20 && digits.iter().all(u8::is_ascii_digit);
    let (whole, fraction) = match digits.iter().position(|byte| *byte == b'.') {
        Some(dot) => (digits.get(..dot).unwrap_or_default(), digits.get(dot + 1..)),
        None => (digits, None),
    };
    let is_whole = match whole {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => is_digits(rest),
        _ => false,
    };
    let Some(fraction) = fraction else { return is_whole && literal != "-0" };
    // Smaller numbers have an exponent.
    let is_small = whole == b"0" && fraction.starts_with(b"000000");
    is_whole && is_digits(fraction) && matches!(fraction, [.., b'1'..=b'9']) && !is_small
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_compact_string())
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Self {
        i64::from(value).into()
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(value.to_compact_string())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A short text without an allocation.
#[derive(Default)]
struct Digits {
    bytes: [u8; 32],
    length: usize,
}

impl Digits {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// The number `0.<digits> × 10^point`. The digits have no leading or trailing zeros; zero has no digits.
struct Decimal<'a> {
    negative: bool,
    digits: Cow<'a, str>,
    point: i64,
}

impl<'a> Decimal<'a> {
    fn parse(literal: &'a str) -> Option<Self> {
        let (negative, unsigned) = match literal.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, literal.strip_prefix('+').unwrap_or(literal)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let digits =
            if fraction.is_empty() { Cow::Borrowed(whole) } else { Cow::Owned(format!("{whole}{fraction}")) };
        let length = digits.len();
        let digits = match digits {
            Cow::Borrowed(digits) => Cow::Borrowed(digits.trim_start_matches('0')),
            Cow::Owned(digits) => Cow::Owned(digits.trim_start_matches('0').to_owned()),
        };
        let leading_zeros = i64::try_from(length - digits.len()).ok()?;
        let point = i64::try_from(whole.len()).ok()?.checked_sub(leading_zeros)?.checked_add(exponent)?;
        let digits = match digits {
            Cow::Borrowed(digits) => Cow::Borrowed(digits.trim_end_matches('0')),
            Cow::Owned(mut digits) => {
                digits.truncate(digits.trim_end_matches('0').len());
                Cow::Owned(digits)
            }
        };
        let zero = digits.is_empty();
        Some(Self { negative: negative && !zero, digits, point: if zero { 0 } else { point } })
    }
}

impl fmt::Display for Decimal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: &str = &self.digits;
        if digits.is_empty() {
            return formatter.write_str("0");
        }
        if self.negative {
            formatter.write_str("-")?;
        }
        let length = i64::try_from(digits.len()).map_err(|_| fmt::Error)?;
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        match self.point {
            // Whole numbers up to 10^21 have no exponent, nor have larger ones with as many digits.
            point if length <= point && point <= 21.max(length) => {
                write!(formatter, "{digits}{}", zeros(point - length))
            }
            point if 0 < point && point < length && point <= 21 => {
                let (whole, fraction) = digits.split_at(usize::try_from(point).map_err(|_| fmt::Error)?);
                write!(formatter, "{whole}.{fraction}")
            }
            point if -6 < point && point <= 0 => write!(formatter, "0.{}{digits}", zeros(-point)),
            point => {
                let (first, rest) = digits.split_at(1);
                let dot = if rest.is_empty() { "" } else { "." };
                let sign = if point > 0 { "+" } else { "" };
                write!(formatter, "{first}{dot}{rest}e{sign}{}", point - 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_notation_of_a_number_has_the_same_text() {
        for (literal, expected) in [
            ("0", "0"),
            ("-0.000", "0"),
            ("0e99", "0"),
            ("12.0", "12"),
            ("1e3", "1000"),
            ("+1.50", "1.5"),
            ("9.82222E-5", "0.0000982222"),
            ("0.00000098", "9.8e-7"),
            ("1E+21", "1e+21"),
            ("100000000000000000000", "100000000000000000000"),
            ("9223372036854775807", "9223372036854775807"),
            ("12345678901234567890123456789", "12345678901234567890123456789"),
            ("-12.340e-2", "-0.1234"),
            ("1234.5678", "1234.5678"),
        ] {
            assert_eq!(Number::parse(literal).unwrap().as_str(), expected, "{literal}");
        }
        for literal in ["", "-", "NaN", "1.2.3", "0x10", "1e", ".", "1e99999999999999999999", "1 "] {
            assert_eq!(Number::parse(literal), None, "{literal}");
        }
    }

    #[test]
    fn numbers_that_dynamodb_rejects_have_a_violation() {
        for (literal, refused) in [
            ("9.99e125", false),
            ("1e126", true),
            ("1e-130", false),
            ("9.9e-131", true),
            ("12345678901234567890123456789012345678", false),
            ("123456789012345678901234567890123456789", true),
            ("5e-324", true),
            ("0", false),
        ] {
            assert_eq!(Number::parse(literal).unwrap().violation().is_some(), refused, "{literal}");
        }
        assert_eq!(Number::from_f64(f64::NAN), None);
        assert_eq!(Number::from_f64(f64::INFINITY), None);
    }

    #[test]
    fn a_float_is_rejected_at_the_same_limits_as_its_decimal() {
        let bounds = [1e126_f64, 1e-130, EXACT, 1e21, 0.0, 1e-6, 5e-324, f64::MAX];
        for bound in bounds {
            for value in [bound.next_down(), bound, bound.next_up(), -bound, -bound.next_up()] {
                let expected = match Number::from_f64(value) {
                    None => Some("is not a finite number"),
                    Some(number) => number.violation(),
                };
                assert_eq!(violation_of_f64(value), expected, "{value:e}");
            }
        }
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(violation_of_f64(value), Some("is not a finite number"));
            let mut text = String::new();
            assert!(!write_f64(value, &mut text) && text.is_empty(), "{value}: {text}");
        }
    }

    #[test]
    fn a_float_has_the_shortest_literal() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (12.0, "12"),
            (-12.0, "-12"),
            (0.5, "0.5"),
            (-0.1, "-0.1"),
            (1234.5678, "1234.5678"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e15, "1000000000000000"),
            (123_456_789_012_345_680.0, "123456789012345680"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (0.000_009_8, "0.0000098"),
            (0.000_000_98, "9.8e-7"),
        ] {
            assert_eq!(Number::from_f64(value).unwrap().as_str(), expected, "{value:e}");
        }
        assert_eq!(Number::from(i64::MIN).as_str(), "-9223372036854775808");
        assert_eq!(Number::from(i64::MAX).as_str(), "9223372036854775807");
    }

    #[test]
    fn a_plain_literal_equals_its_canonical_text() {
        let literals = [
            "0",
            "-0",
            "00",
            "7",
            "-7",
            "07",
            "1.5",
            "-1.5",
            "1.50",
            "1.0",
            "0.5",
            "-0.5",
            "00.5",
            "01.5",
            ".5",
            "5.",
            "-.5",
            "0.0",
            "-0.0",
            "0.000001",
            "0.0000001",
            "0.00000012",
            "-0.0000001",
            "0.0000009999",
            "10.00000001",
            "99999999999999999999",
            "999999999999999999999",
            "99999999999999999999.5",
            "999999999999999999999.5",
            "1.5.5",
            "1-5",
            "1.-5",
            "1.5e3",
            "1.5e0",
            "-",
            "",
            "1.9999999999999999999",
            "1.99999999999999999999",
            "0.12345678901234567891",
            "123456789012345678901234567890.12345678901234567890123456789",
        ];
        for literal in literals {
            let by_decimal = Decimal::parse(literal).map(|decimal| decimal.to_string());
            assert_eq!(Number::parse(literal).map(Number::into_string), by_decimal, "{literal}");
        }
    }

    proptest! {
        #[test]
        fn any_literal_has_the_same_result_on_the_fast_path(literal in "-?[01]?[0-9]{0,22}\\.?0{0,8}[0-9]{0,22}0{0,2}") {
            let by_decimal = Decimal::parse(&literal).map(|decimal| decimal.to_string());
            prop_assert_eq!(Number::parse(&literal).map(Number::into_string), by_decimal);
        }

        #[test]
        fn a_float_has_the_text_of_every_other_notation(value in proptest::num::f64::NORMAL | proptest::num::f64::ZERO) {
            let number = Number::from_f64(value).unwrap();
            prop_assert_eq!(&number, &Number::parse(&format!("{value:e}")).unwrap());
            prop_assert_eq!(number.violation(), violation_of_f64(value));
        }

        #[test]
        fn a_float_is_read_unchanged(value in proptest::num::f64::NORMAL | proptest::num::f64::ZERO) {
            prop_assert_eq!(Number::from_f64(value).unwrap().as_f64().total_cmp(&value), std::cmp::Ordering::Equal);
        }

        #[test]
        fn an_integer_is_read_unchanged(value: i64) {
            prop_assert_eq!(Number::from(value).as_i64(), Some(value));
            prop_assert_eq!(Number::parse(&value.to_string()), Some(Number::from(value)));
        }

        #[test]
        fn the_canonical_text_of_a_canonical_text_is_the_same(literal in "-?[0-9]{1,40}(\\.[0-9]{1,40})?(e-?[0-9]{1,3})?") {
            let number = Number::parse(&literal).unwrap();
            prop_assert_eq!(Number::parse(number.as_str()).unwrap(), number);
        }
    }
}
