//! The upgrade readiness of Kubernetes clusters.

use super::insight::Context;
use super::model::Model;
use super::sections;
use crate::readiness;
use maud::{Markup, html};

/// The section; nothing if clusters have never been collected.
pub fn section(model: &Model, context: Context<'_>) -> Markup {
    let shown = readiness::sections(&model.clusters, &model.targets, context.location);
    html! {
        @if !shown.is_empty() {
            section #readiness aria-labelledby="readiness-title" {
                header {
                    h2 #readiness-title { "Upgrade readiness" }
                    span.quiet { "EKS clusters by the next Kubernetes version" }
                }
                @for section in &shown { div.panel.padded { (sections::render_one(section, context)) } }
            }
        }
    }
}
