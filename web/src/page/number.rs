//! Numbers as a page writes them. It knows no records.

use maud::{Escaper, Render};
use std::fmt::Write;

/// A whole number as a real one. What is lost beyond 53 bits no page shows.
#[expect(clippy::cast_precision_loss, reason = "rates and shares are rounded far more than this")]
pub fn real(number: i64) -> f64 {
    number as f64
}

/// A number to three digits that matter: `0.0006`, `0.8`, `12.5`, `1,234`.
#[derive(Clone, Copy, Debug)]
pub struct Rate(pub f64);

impl std::fmt::Display for Rate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = self.0;
        if !number.is_finite() {
            return formatter.write_str("–");
        }
        if number.abs() >= 999.5 {
            #[expect(clippy::cast_possible_truncation, reason = "a cast from floating point saturates")]
            return formatter.write_str(&insights_query::format::thousands(number.round() as i64));
        }
        #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a finite number is small")]
        let magnitude = if number == 0.0 { 0 } else { number.abs().log10().floor() as i32 };
        let places = usize::try_from(2 - magnitude).unwrap_or(0).min(9);
        let text = format!("{number:.places$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        formatter.write_str(if text == "-0" { "0" } else { text })
    }
}

impl Render for Rate {
    fn render_to(&self, buffer: &mut String) {
        // Writing into a text cannot fail.
        let _ = write!(Escaper::new(buffer), "{self}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_keep_three_digits_that_matter() {
        for (rate, text) in [
            (0.0, "0"),
            (0.0006, "0.0006"),
            (0.012_345, "0.0123"),
            (0.8, "0.8"),
            (12.46, "12.5"),
            (999.4, "999"),
            (999.7, "1,000"),
            (1_234_567.0, "1,234,567"),
            (f64::INFINITY, "–"),
        ] {
            assert_eq!(Rate(rate).to_string(), text);
        }
    }
}
