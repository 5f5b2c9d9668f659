//! Plots of block characters, each a line or a few. What is unknown looks other than zero.

use insights_query::line::Sample;

/// Nothing is known of this time.
const UNKNOWN: char = '·';
/// Known to be zero.
const ZERO: char = '_';
/// One eighth to eight.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// What the characters of a plot mean that are not blocks.
pub const LEGEND: &str = "_ is zero, · is unknown";

/// Samples as lines of blocks, `rows` high, the greatest value filling them.
pub fn blocks(samples: &[Sample], rows: usize) -> Vec<String> {
    let greatest = samples.iter().map(value).fold(0.0, f64::max);
    let rows = rows.max(1);
    let heights: Vec<usize> =
        samples.iter().map(|sample| height(value(sample), greatest, rows * 8)).collect();
    let line = |row: usize| {
        let below = (rows - 1 - row) * 8;
        let is_lowest = below == 0;
        let cells = samples.iter().zip(&heights).map(|(sample, height)| match sample {
            Sample::Unknown if is_lowest => UNKNOWN,
            Sample::Greatest(_) if is_lowest && *height == 0 => ZERO,
            _ => height
                .saturating_sub(below)
                .min(8)
                .checked_sub(1)
                .and_then(|index| BLOCKS.get(index))
                .copied()
                .unwrap_or(' '),
        });
        cells.collect::<String>().trim_end().to_owned()
    };
    (0..rows).map(line).collect()
}

fn value(sample: &Sample) -> f64 {
    match sample {
        Sample::Unknown => 0.0,
        Sample::Greatest(value) => value.max(0.0),
    }
}

/// How many eighths show `value`; whatever is not zero shows at least one.
fn height(value: f64, greatest: f64, eighths: usize) -> usize {
    if value <= 0.0 || greatest <= 0.0 {
        return 0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a cast from floating point saturates, and a plot is not higher than a screen"
    )]
    let height = (value / greatest * eighths as f64).round() as usize;
    height.clamp(1, eighths)
}

/// Parts of a whole as one bar of at most `width` characters, each part by a character of its own. Parts that are not
/// zero show at least one character.
pub fn bar(parts: &[(i64, char)], whole: i64, width: usize) -> String {
    let mut bar = String::new();
    for (part, character) in parts {
        if *part <= 0 || whole <= 0 {
            continue;
        }
        let length = i128::from(*part) * i128::try_from(width).unwrap_or_default() / i128::from(whole);
        let length = usize::try_from(length).unwrap_or_default().max(1);
        bar.extend(std::iter::repeat_n(*character, length));
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_unknown_little_and_much_look_different() {
        let samples: Vec<Sample> = [None, Some(0.0), Some(0.001), Some(5.0), Some(10.0)]
            .into_iter()
            .map(|value| value.map_or(Sample::Unknown, Sample::Greatest))
            .collect();
        assert_eq!(blocks(&samples, 1), ["·_▁▄█"]);
        assert_eq!(blocks(&samples, 2), ["    █", "·_▁██"]);
        assert_eq!(blocks(&[Sample::Unknown], 1), ["·"]);
        assert_eq!(blocks(&[Sample::Greatest(0.0)], 3), ["", "", "_"]);
    }

    #[test]
    fn a_bar_shows_each_part_that_is_there() {
        assert_eq!(bar(&[(25, '█'), (75, '░')], 100, 20), "█████░░░░░░░░░░░░░░░");
        assert_eq!(bar(&[(1, '█'), (0, '▒'), (999, '░')], 1_000, 10), "█░░░░░░░░░");
        assert_eq!(bar(&[(0, '█')], 0, 10), "");
    }
}
