//! The binary for libFuzzer. The variable `FUZZ_TARGET` selects the target. See README.md.

#![no_main]

use insights_fuzz::{TARGETS, Target};
use std::sync::LazyLock;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    #[expect(clippy::disallowed_methods, reason = "libFuzzer owns the arguments")]
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.map_or_else(|| std::process::exit(2), |(_, target)| *target)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    TARGET(data);
});
