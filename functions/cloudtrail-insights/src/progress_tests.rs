//! Tables for the module beside.
