//! A shipped binary under a Lambda Runtime API, as a process of its own.

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

/// Longer than any invocation or exit in a test takes: a process that hangs fails its test instead of the whole suite.
const PATIENCE: Duration = Duration::from_secs(30);

/// A function's process. It is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    /// The Runtime API that it asks for invocations.
    pub api: RuntimeApi,
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

/// What a process has left.
#[derive(Clone, Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Everything that it wrote to standard output.
    pub stdout: String,
    /// Everything that it wrote to standard error.
    pub stderr: String,
}

impl Running {
    /// Starts the binary at `path` as the function `name`, with `lab` as its AWS and `variables` over the environment
    /// that Lambda gives; a variable that is set to nothing is taken out of it. Nothing is inherited.
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

    /// Hands it `payload` as Lambda would, and waits for what it makes of it.
    ///
    /// # Panics
    ///
    /// If nothing comes.
    pub async fn invoke(&self, payload: &str) -> Outcome {
        self.invoke_as(payload, Invocation::default()).await
    }

    /// As [`Running::invoke`], with deadline, ARN and request id of the caller's choice.
    ///
    /// # Panics
    ///
    /// If nothing comes.
    pub async fn invoke_as(&self, payload: impl Into<Vec<u8>>, invocation: Invocation) -> Outcome {
        let outcome = tokio::time::timeout(PATIENCE, self.api.invoke(payload, invocation)).await;
        outcome.expect("the function answers")
    }

    /// The response to `payload`, as JSON.
    ///
    /// # Panics
    ///
    /// If the function reports an error, or answers what is no JSON.
    pub async fn response(&self, payload: &str) -> serde_json::Value {
        match self.invoke(payload).await {
            Outcome::Response(text) => serde_json::from_str(&text).expect("a response is JSON"),
            other => panic!("no response but {other:?}"),
        }
    }

    /// Waits until the process ends by itself, as it does when it cannot start.
    ///
    /// # Panics
    ///
    /// If it does not.
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

    /// Kills the process (SIGKILL) and gives back what it has left.
    ///
    /// # Panics
    ///
    /// If it cannot be killed.
    pub async fn kill(mut self) -> Finished {
        self.child.start_kill().expect("the process can be killed");
        self.wait().await
    }
}

/// Reads all that comes, as it comes: a process whose output nobody takes stands still once the pipe is full.
fn drain(output: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        if let Some(mut output) = output {
            output.read_to_end(&mut bytes).await.expect("the output can be read");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
