//! The style and the scripts of all pages. A live page names each by the hash of its content, so a browser can keep it for ever.

use insights_shared::key::sha256_hex;
use std::sync::LazyLock;

/// The style of all pages.
pub const STYLE: &str = include_str!("../../assets/page.css");
/// The scripts of all pages in the order in which they run: the used parts of two libraries, the charts, and page controls. The page
/// is readable without them.
pub const SCRIPTS: [(&str, &str); 6] = [
    ("libraries.js", include_str!("../../assets/vendor/libraries.min.js")),
    ("charts.js", include_str!("../../assets/charts.js")),
    ("lanes.js", include_str!("../../assets/lanes.js")),
    ("zoom.js", include_str!("../../assets/zoom.js")),
    ("refresh.js", include_str!("../../assets/refresh.js")),
    ("page.js", include_str!("../../assets/page.js")),
];

/// A file of the live page.
#[derive(Debug)]
pub struct Asset {
    /// Its name with the hash of its content, such as `page.0a1b2c3d4e5f.css`.
    pub name: String,
    /// Its content type.
    pub content_type: &'static str,
    /// Its content.
    pub text: &'static str,
}

/// The style, then the scripts.
static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let asset = |name: &str, content_type, text: &'static str| {
        let mut hash = sha256_hex(text.as_bytes());
        hash.truncate(12);
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        Asset { name: format!("{stem}.{hash}.{extension}"), content_type, text }
    };
    let style = asset("page.css", "text/css; charset=utf-8", STYLE);
    let scripts = SCRIPTS.iter().map(|(name, text)| asset(name, "text/javascript; charset=utf-8", text));
    [style].into_iter().chain(scripts).collect()
});

/// All files of the live page: the style, then the scripts in the order in which they run.
pub fn all() -> &'static [Asset] {
    &ASSETS
}

impl Asset {
    /// Its address.
    pub fn address(&self) -> String {
        format!("/assets/{}", self.name)
    }

    /// Whether it is the style.
    pub fn is_style(&self) -> bool {
        self.content_type.starts_with("text/css")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_libraries_are_unmodified_and_have_version_and_licence() {
        let vendor = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/vendor");
        let read = |name: &str| std::fs::read_to_string(format!("{vendor}/{name}")).unwrap();
        let (note, licences) = (read("README.md"), read("LICENSES"));
        let hash = sha256_hex(SCRIPTS[0].1.as_bytes());
        assert!(note.contains(&hash), "README.md lacks the hash of libraries.min.js, {hash}");
        let package = read("bundle/package.json");
        for (name, version) in [("d3", "7.9.2"), ("@observablehq/plot", "0.6.17")] {
            assert!(package.contains(&format!("\"{name}\": \"{version}\"")), "{name} {version}");
            assert!(
                note.lines().any(|line| line.contains(&format!("`{name}`")) && line.contains(version)),
                "{name}"
            );
        }
        for licensed in ["@observablehq/plot 0.6.17 (ISC)", "d3-scale ", "d3-time-format ", "isoformat "] {
            assert!(licences.contains(licensed), "{licensed} is missing in LICENSES");
        }
        assert!(!licences.contains("The package has no licence file."));
    }

    #[test]
    fn no_script_can_end_its_element() {
        for (name, script) in SCRIPTS {
            let lower = script.to_lowercase();
            assert!(!lower.contains("</script") && !lower.contains("<!--"), "{name}");
        }
        assert!(!STYLE.contains("</"));
    }

    #[test]
    fn the_name_of_an_asset_changes_with_its_content() {
        let names: std::collections::BTreeSet<&str> = all().iter().map(|asset| asset.name.as_str()).collect();
        assert_eq!(names.len(), SCRIPTS.len() + 1);
        assert!(
            names.iter().all(|name| name.split('.').nth(1).is_some_and(|hash| hash.len() == 12)),
            "{names:?}"
        );
    }
}
