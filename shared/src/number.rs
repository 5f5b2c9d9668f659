//! Decimal numbers to the last digit, in one canonical spelling.
//!
//! DynamoDB keeps numbers as decimals of 38 digits and answers them in a spelling of its own, JSON allows any spelling,
//! and binary floating point loses digits of large counters. A [`Number`] is its canonical text (that of ECMAScript's
//! `Number::toString`, as RFC 8785 has it, but with as many digits as there are), so that equal numbers are equal,
//! hash equally, and read back as they were written.

use std::fmt;

/// The most significant digits that DynamoDB keeps.
const MAX_DIGITS: usize = 38;
/// A number is below 10 to this power, and at least 10 to [`MIN_EXPONENT`], or zero.
const MAX_EXPONENT: i64 = 126;
/// DynamoDB's smallest positive number is 1E-130.
const MIN_EXPONENT: i64 = -130;

/// A finite decimal number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Box<str>);

impl Number {
    /// Reads a decimal literal such as `-12.50`, `1e3` or `9.82222E-5`; `None` if it is none.
    pub fn parse(literal: &str) -> Option<Self> {
        let decimal = Decimal::parse(literal)?;
        Some(Self(decimal.to_string().into_boxed_str()))
    }

    /// The shortest decimal that reads back as `value`; `None` for NaN and the infinities.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_finite() { Self::parse(&format!("{value:e}")) } else { None }
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest binary floating-point number.
    pub fn as_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// The whole number, if it is one of 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// Why DynamoDB would refuse the number, if it would.
    ///
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
    pub fn violation(&self) -> Option<&'static str> {
        let decimal = Decimal::parse(&self.0)?;
        if decimal.digits.len() > MAX_DIGITS {
            Some("has more than 38 significant digits")
        } else if decimal.digits.is_empty() {
            None
        } else if decimal.point > MAX_EXPONENT {
            Some("is 1E126 or more in magnitude")
        } else if decimal.point <= MIN_EXPONENT {
            Some("is below 1E-130 in magnitude")
        } else {
            None
        }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_string().into_boxed_str())
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Self {
        i64::from(value).into()
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(value.to_string().into_boxed_str())
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

/// `0.<digits> × 10^point`, without leading or trailing zeros among the digits; zero has none.
struct Decimal {
    negative: bool,
    digits: String,
    point: i64,
}

impl Decimal {
    fn parse(literal: &str) -> Option<Self> {
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
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let leading_zeros = i64::try_from(digits.len() - significant.len()).ok()?;
        let point = i64::try_from(whole.len()).ok()?.checked_sub(leading_zeros)?.checked_add(exponent)?;
        let digits = significant.trim_end_matches('0').to_owned();
        let zero = digits.is_empty();
        Some(Self { negative: negative && !zero, digits, point: if zero { 0 } else { point } })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits.as_str();
        if digits.is_empty() {
            return formatter.write_str("0");
        }
        if self.negative {
            formatter.write_str("-")?;
        }
        let length = i64::try_from(digits.len()).map_err(|_| fmt::Error)?;
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        match self.point {
            // Whole numbers up to 10^21 are written out (further ones too, where the digits reach that far).
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
    fn every_spelling_of_a_number_becomes_the_same_text() {
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
    fn numbers_that_dynamodb_refuses_are_named() {
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

    proptest! {
        #[test]
        fn a_float_reads_back_as_itself(value in proptest::num::f64::NORMAL | proptest::num::f64::ZERO) {
            prop_assert_eq!(Number::from_f64(value).unwrap().as_f64().total_cmp(&value), std::cmp::Ordering::Equal);
        }

        #[test]
        fn an_integer_reads_back_as_itself(value: i64) {
            prop_assert_eq!(Number::from(value).as_i64(), Some(value));
            prop_assert_eq!(Number::parse(&value.to_string()), Some(Number::from(value)));
        }

        #[test]
        fn the_canonical_text_is_a_fixed_point(literal in "-?[0-9]{1,40}(\\.[0-9]{1,40})?(e-?[0-9]{1,3})?") {
            let number = Number::parse(&literal).unwrap();
            prop_assert_eq!(Number::parse(number.as_str()).unwrap(), number);
        }
    }
}
