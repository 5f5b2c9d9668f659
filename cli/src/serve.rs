//! `insights serve`: the live page on the loopback interface, until Ctrl-C.

use crate::args::ServeArguments;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::location::Opened;
use crate::output;
use crate::session::Session;
use insights_web::serve::Server;
use std::net::Ipv4Addr;
use tokio::net::TcpListener;

/// Serves until Ctrl-C.
pub async fn run(arguments: &ServeArguments, session: &Session) -> Result<Exit, Failure> {
    let session = session.in_utc(arguments.utc);
    let opened = Opened::open(&arguments.location, &session).await?;
    let table = match &arguments.location.local {
        Some(file) => format!("{} in {}", opened.reader.table(), file.display()),
        None => opened.reader.table().to_owned(),
    };
    let server = Server {
        reader: opened.reader.clone(),
        clock: session.clock,
        zone: session.zone,
        table,
        location: arguments.location.names(),
    };
    let ended = serve(server, arguments.port).await;
    opened.close().await;
    ended.map(|()| Exit::Done)
}

async fn serve(server: Server, port: u16) -> Result<(), Failure> {
    server.check().await?;
    let failed = |error: std::io::Error| {
        let remedy = if error.kind() == std::io::ErrorKind::AddrInUse { "; use another --port" } else { "" };
        Failure::of(format!("listening on 127.0.0.1:{port}"), format!("{error}{remedy}"))
    };
    // Before the address is printed, so that a program that reads it can stop the server immediately.
    let mut interrupt = Interrupt::listen()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    output::print(&format!("http://127.0.0.1:{port}/\n"))?;
    output::say(&format!("serving table {}; press Ctrl-C to stop", server.table));
    server.serve(listener, interrupt.next()).await;
    Ok(())
}
