//! `insights man`: the man pages, made from the same arguments and help texts as `--help`.

use crate::args::{Arguments, ManArguments};
use crate::exit::{Exit, Failure};
use crate::output;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::io;
use std::path::Path;

/// Prints the page of `insights`, or writes `insights.1` and one page per command and subcommand, such as `insights-table-create.1`.
pub fn run(arguments: &ManArguments) -> Result<Exit, Failure> {
    // clap's own help commands have no pages.
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    match &arguments.dir {
        None => {
            let page = page(&command).map_err(|error| Failure::of("man page", error))?;
            output::print_document(&page)?;
        }
        Some(folder) => {
            write(&command, folder)
                .map_err(|error| Failure::of(format!("writing {}", folder.display()), error))?;
        }
    }
    Ok(Exit::Done)
}

/// A page in the format of `man`.
fn page(command: &Command) -> io::Result<String> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Writes the pages of a command and of its subcommands.
fn write(command: &Command, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut rest = vec![command];
    while let Some(command) = rest.pop() {
        let name = command.get_display_name().unwrap_or(command.get_name());
        std::fs::write(folder.join(format!("{name}.1")), page(command)?)?;
        rest.extend(command.get_subcommands().filter(|command| !command.is_hide_set()));
    }
    Ok(())
}
