//! Measures a shipped binary up to its first poll of a Runtime API that never returns an invocation: the number of
//! instructions and the time.

use crate::Failure;
use insights_simulator::runtime_api::function_environment;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// The first line of the poll.
const POLL: &[u8] = b"GET /2018-06-01/runtime/invocation/next ";
/// The maximum duration of a start, under Valgrind on a busy machine.
const LONGEST: Duration = Duration::from_mins(2);
/// The time after the poll until the function certainly waits for the answer.
const SETTLES: Duration = Duration::from_millis(500);

/// The number of instructions of the binary `file` up to its first poll.
pub async fn instructions(file: &Path) -> Result<u64, Failure> {
    let folder = tempfile::tempdir()?;
    let counts = folder.path().join("counts");
    let mut output = std::ffi::OsString::from("--callgrind-out-file=");
    output.push(&counts);
    let arguments: [&OsStr; 4] = ["-q".as_ref(), "--tool=callgrind".as_ref(), &output, file.as_os_str()];
    let mut started = start("valgrind", &arguments).await?;
    tokio::time::sleep(SETTLES).await;
    // `callgrind` writes its counts only if the process is terminated (SIGTERM), not if it is killed.
    let id = started.child.id().ok_or("the function ended")?;
    Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id.to_string()]).status().await?;
    started.child.wait().await?;
    total(&std::fs::read_to_string(&counts)?).ok_or_else(|| "callgrind counted nothing".into())
}

/// The total in an output file of `callgrind`.
fn total(counts: &str) -> Option<u64> {
    counts.lines().find_map(|line| line.strip_prefix("summary: "))?.trim().parse().ok()
}

/// The time of the binary `file` up to its first poll: the median of `starts`.
pub async fn median_of_starts(file: &Path, starts: usize) -> Result<Duration, Failure> {
    let mut times = Vec::with_capacity(starts);
    for _ in 0..starts.max(1) {
        times.push(start(file, &[]).await?.took);
    }
    times.sort_unstable();
    times.get(times.len() / 2).copied().ok_or_else(|| "nothing was started".into())
}

/// A process that has polled and waits. It is killed when this is dropped.
struct Started {
    child: Child,
    took: Duration,
    _connection: TcpStream,
}

/// Starts `program` and waits for the poll.
async fn start(program: impl AsRef<OsStr>, arguments: &[&OsStr]) -> Result<Started, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut command = Command::new(&program);
    command
        .args(arguments)
        .env_clear()
        .envs(function_environment(&listener.local_addr()?.to_string(), "measured"))
        .envs([
            ("AWS_ACCESS_KEY_ID", "AKIABENCH"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", crate::services::REGION),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("TABLE_NAME", crate::services::TABLE),
            // `valgrind` needs only this variable to find its tools.
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    let began = Instant::now();
    let name = program.as_ref().display().to_string();
    let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
    let (mut connection, _) = tokio::select! {
        accepted = listener.accept() => accepted?,
        status = child.wait() => return Err(format!("{name} ended before its first poll: {}", status?).into()),
        () = tokio::time::sleep(LONGEST) => return Err(format!("{name} does not poll").into()),
    };
    let mut request = [0; POLL.len()];
    connection.read_exact(&mut request).await?;
    let took = began.elapsed();
    if request != POLL {
        let text = String::from_utf8_lossy(&request);
        return Err(format!("{name} does not begin with a poll but with {text}").into());
    }
    Ok(Started { child, took, _connection: connection })
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn the_total_of_a_callgrind_file_is_its_summary() {
        let text = "# callgrind format\nversion: 1\nevents: Ir\nsummary: 23954377\n\nfn=(1) main\n12 7\ntotals: 23954377\n";
        assert_eq!(total(text), Some(23_954_377));
        assert_eq!(total("events: Ir\n"), None);
    }
}
