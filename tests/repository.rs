//! Rules about the repository that the compiler does not check: template and code agree, sample events are listed, and
//! only example account ids occur.

mod files;
mod names;
mod template;
