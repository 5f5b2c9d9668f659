//! Rules about the repository that no compiler knows: the template and the code say the same, the events are listed, and
//! no account but the two of the examples is named anywhere.

mod files;
mod template;
