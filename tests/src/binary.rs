//! A function binary in its own process under a Lambda Runtime API.

use crate::lab::{Lab, REGION, TABLE, UNPACED};
use crate::logs;
use insights_simulator::runtime_api::{Outcome, function_environment};
use insights_simulator::{Invocation, RuntimeApi};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// The time limit for an invocation or an exit. It is reached only if the process hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A function's process. It is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    /// The Runtime API of the process.
    pub api: RuntimeApi,
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

/// The output of a process.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Running {
    /// Starts the binary at `path` as the function `name` with the services of `lab`. `variables` override the
    /// environment of Lambda; an empty value removes a variable. Nothing is inherited.
    ///
    /// # Panics
    ///
    /// If the process cannot be started.
    pub async fn start(path: impl AsRef<Path>, name: &str, lab: &Lab, variables: &[(&str, &str)]) -> Self {
        let api = RuntimeApi::start().await.expect("a runtime API on a free port");
        let mut environment: BTreeMap<String, String> =
            function_environment(&api.address(), name).into_iter().collect();
        let (url, key) = (lab.simulator.url(), logs::access_key(name));
        let lambda = [
            ("AWS_ACCESS_KEY_ID", key.as_str()),
            ("AWS_SECRET_ACCESS_KEY", logs::SECRET_KEY),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ENDPOINT_URL", url.as_str()),
            ("AWS_REGION", REGION),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("RATE_LIMITS", UNPACED.as_str()),
            ("TABLE_NAME", TABLE),
        ];
        for (variable, value) in lambda.iter().chain(variables) {
            environment.insert((*variable).to_owned(), (*value).to_owned());
        }
        environment.retain(|_, value| !value.is_empty());
        let mut child = Command::new(path.as_ref())
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
        Self { api, child, stdout, stderr }
    }

    /// Invokes it with `payload` and waits for the outcome.
    ///
    /// # Panics
    ///
    /// If there is no outcome.
    pub async fn invoke(&self, payload: &str) -> Outcome {
        self.invoke_as(payload, Invocation::default()).await
    }

    /// Like [`Running::invoke`], with a given deadline, ARN and request id.
    ///
    /// # Panics
    ///
    /// If there is no outcome.
    pub async fn invoke_as(&self, payload: impl Into<Vec<u8>>, invocation: Invocation) -> Outcome {
        let outcome = tokio::time::timeout(PATIENCE, self.api.invoke(payload, invocation)).await;
        outcome.expect("the function answers")
    }

    /// The response to `payload`, as JSON.
    ///
    /// # Panics
    ///
    /// If the function reports an error, or its response is not JSON.
    pub async fn response(&self, payload: &str) -> serde_json::Value {
        match self.invoke(payload).await {
            Outcome::Response(text) => serde_json::from_str(&text).expect("a response is JSON"),
            other => panic!("no response but {other:?}"),
        }
    }

    /// Waits until the process exits without being killed, for example after a failed start.
    ///
    /// # Panics
    ///
    /// If it does not exit.
    pub async fn wait(mut self) -> Finished {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.expect("the process ends").expect("it can be waited for");
        let text = "its output can be read";
        let finished = Finished {
            status,
            stdout: self.stdout.await.expect(text),
            stderr: self.stderr.await.expect(text),
        };
        logs::assert_no_secret(&finished.stdout);
        logs::assert_no_secret(&finished.stderr);
        finished
    }

    /// Kills the process (SIGKILL) and returns its output.
    ///
    /// # Panics
    ///
    /// If it cannot be killed.
    pub async fn kill(mut self) -> Finished {
        self.child.start_kill().expect("the process can be killed");
        self.wait().await
    }
}

/// Reads all output continuously: a process blocks when the pipe is full.
fn drain(output: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        if let Some(mut output) = output {
            output.read_to_end(&mut bytes).await.expect("the output can be read");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
