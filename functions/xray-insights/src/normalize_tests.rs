//! Tables for the X-Ray normalizer.
