//! One request, from what came over the wire to what goes back: who asks, may they, does a limit or a fault stand in the
//! way, and what does the service say. Connections are the server's; meaning is the services'.

use crate::call::{Answer, Call, ServiceError};
use crate::fault::{FaultKind, distortion, refusal};
use crate::log::LoggedCall;
use crate::operation::{Operation, Service};
use crate::protocol::answer::{Reply, failure, success};
use crate::protocol::canned::{greeting, html_503, http_date};
use crate::protocol::request::{Received, Target};
use crate::protocol::signature::{Signer, Unsigned};
use crate::scenario::uuid;
use crate::sts::{self, Principal, Stranger};
use crate::table::pages;
use crate::world::{World, lock};
use insights_shared::time::Timestamp;
use serde_json::{Map, Value};
use std::sync::atomic::Ordering;

/// DynamoDB's checksum of a body.
const CHECKSUM: &str = "x-amz-crc32";
const DATE: &str = "date";

/// What the server does with a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Sends this.
    Reply(Reply),
    /// Resets the connection.
    Reset,
}

/// One request under way. It is logged when it is done with, also when the client has gone away meanwhile.
struct Exchange<'a> {
    world: &'a World,
    service: Service,
    request_id: String,
    logged: Option<LoggedCall>,
}

impl World {
    /// Answers `request`, or does not, as the faults will have it. Every response has the date of the simulator's own clock.
    pub(crate) async fn exchange(&self, request: Received) -> Outcome {
        let mut outcome = self.answered(request).await;
        if let Outcome::Reply(reply) = &mut outcome
            && !reply.headers.iter().any(|(name, _)| name == DATE)
        {
            reply.headers.push((DATE.to_owned(), http_date(self.now())));
        }
        outcome
    }

    async fn answered(&self, request: Received) -> Outcome {
        let target = request.target();
        let signer = Signer::read(&request);
        if matches!(target, Target::Unknown(None, _))
            && signer == Err(Unsigned::Missing)
            && request.path == "/"
        {
            return Outcome::Reply(greeting());
        }
        let scoped = signer.as_ref().ok().and_then(|signer| Service::named(&signer.service));
        let (service, name) = match &target {
            Target::Known(operation) => (operation.service, operation.name.to_owned()),
            Target::Table(name) => (Service::DynamoDb, name.clone()),
            Target::Unknown(service, name) => (service.or(scoped).unwrap_or(Service::XRay), name.clone()),
        };
        if let Some(watch) = &self.watch {
            watch(&name, &format!("{}?{}", request.path, request.query), &request.body);
        }
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut exchange = Exchange {
            world: self,
            service,
            request_id: uuid(number, "request"),
            logged: Some(LoggedCall {
                time: self.now(),
                service: service.name().to_owned(),
                operation: name,
                caller: String::new(),
                account: String::new(),
                region: String::new(),
                input: Map::new(),
                status: None,
                error: None,
                fault: None,
                throttled: false,
            }),
        };
        exchange.run(request, target, signer).await
    }
}

impl Exchange<'_> {
    async fn run(&mut self, request: Received, target: Target, signer: Result<Signer, Unsigned>) -> Outcome {
        let (signer, principal) = match self.admit(signer) {
            Ok(admitted) => admitted,
            Err(error) => return self.refuse(&error),
        };
        self.note(|logged| {
            logged.account.clone_from(&principal.account);
            logged.caller = principal.session.clone().unwrap_or_else(|| signer.key.clone());
            logged.region.clone_from(&signer.region);
        });
        let name = match &target {
            Target::Known(operation) => operation.name,
            Target::Table(name) => name,
            Target::Unknown(_, name) => return self.refuse(&refusal::unknown(self.service, name)),
        };
        if !self.world.rate_allows(self.service, name, &principal, &signer.region) {
            self.note(|logged| logged.throttled = true);
            return self.refuse(&refusal::throttled(self.service));
        }
        let fault = lock(&self.world.faults).take(self.service, name);
        self.note(|logged| logged.fault = fault.map(|kind| kind.to_string()));
        match fault {
            None => {}
            Some(FaultKind::Slow(duration)) => tokio::time::sleep(duration).await,
            Some(FaultKind::Reset) => return Outcome::Reset,
            Some(FaultKind::Hang) => {
                self.finish();
                std::future::pending::<()>().await;
            }
            Some(FaultKind::Html503) => {
                self.note(|logged| logged.status = Some(503));
                return Outcome::Reply(html_503());
            }
            Some(kind) => {
                if let Some(error) = self.asked_for(kind, name, &principal, &request) {
                    self.note(|logged| logged.throttled = kind == FaultKind::Throttle);
                    return self.refuse_as(kind, &error);
                }
            }
        }
        let reply = match &target {
            Target::Table(_) => match self.ask_table(&request, fault).await {
                Ok(reply) => reply,
                Err(message) => {
                    tracing::error!(message, "the embedded database did not answer");
                    return Outcome::Reset;
                }
            },
            Target::Known(operation) => self.answer(operation, &request, &signer, &principal, fault),
            Target::Unknown(..) => return Outcome::Reset,
        };
        self.send(reply, fault)
    }

    /// Who signed, if the signature is one for this service by somebody that the simulator knows.
    fn admit(&self, signer: Result<Signer, Unsigned>) -> Result<(Signer, Principal), ServiceError> {
        let signer = signer.map_err(|unsigned| match unsigned {
            Unsigned::Missing => refusal::unsigned(self.service),
            Unsigned::Malformed => refusal::malformed(self.service),
        })?;
        if signer.service != self.service.name() {
            return Err(refusal::mis_scoped(self.service));
        }
        let account = self.world.scenario().account.clone();
        let principal = Principal::identify(&signer, &account).map_err(|stranger| match stranger {
            Stranger::Unrecognized => refusal::unrecognized(self.service),
            Stranger::Expired => refusal::expired(self.service),
        })?;
        Ok((signer, principal))
    }

    /// The error that a fault of this kind gives before the service is asked.
    fn asked_for(
        &self,
        kind: FaultKind,
        name: &str,
        principal: &Principal,
        request: &Received,
    ) -> Option<ServiceError> {
        match kind {
            FaultKind::Throttle => Some(refusal::throttled(self.service)),
            FaultKind::Error500 => Some(refusal::internal(self.service)),
            FaultKind::Denied => Some(refusal::denied(self.service, &principal.arn, name)),
            FaultKind::Expired => Some(refusal::expired(self.service)),
            FaultKind::ClockSkew => {
                let signed = request.header("x-amz-date").unwrap_or("the signature's time");
                Some(refusal::skewed(self.service, signed, self.skewed_now()))
            }
            _ => None,
        }
    }

    fn answer(
        &mut self,
        operation: &'static Operation,
        request: &Received,
        signer: &Signer,
        principal: &Principal,
        fault: Option<FaultKind>,
    ) -> Reply {
        let input = match request.input(operation) {
            Ok(input) => input,
            Err(message) => return self.failed(&refusal::unreadable(self.service, &message)),
        };
        self.note(|logged| logged.input.clone_from(&input));
        let call = Call {
            operation: operation.name,
            account: principal.account.clone(),
            region: signer.region.clone(),
            now: self.world.now(),
            input,
        };
        match self.ask(&call, principal) {
            Ok(output) => {
                let output = match fault {
                    Some(kind) => distortion::distort(kind, &call, operation.pages, output),
                    None => output,
                };
                success(self.service, operation.name, &output, &self.request_id)
            }
            Err(error) => self.failed(&error),
        }
    }

    fn ask(&self, call: &Call, principal: &Principal) -> Answer {
        let scenario = self.world.scenario();
        match self.service {
            Service::Sts => sts::answer(&scenario.roles, call, principal),
            service => service.answer(scenario.place(&call.account, &call.region), call),
        }
    }

    async fn ask_table(&mut self, request: &Received, fault: Option<FaultKind>) -> Result<Reply, String> {
        let Some(table) = &self.world.table else { return Err("there is no table here".to_owned()) };
        let mut reply = match fault {
            Some(FaultKind::Unprocessed) => table.forward_half(request).await?,
            Some(FaultKind::EmptyPage) => pages::empty(&request.body),
            _ => table.forward(request).await?,
        };
        // The embedded database's is the machine's.
        reply.headers.retain(|(name, _)| name != DATE);
        if let (200, Some(kind)) = (reply.status, fault) {
            spoil_reply(kind, request, &mut reply);
        }
        reply.headers.push(("x-amzn-requestid".to_owned(), self.request_id.clone()));
        reply.headers.push((CHECKSUM.to_owned(), crc32fast::hash(&reply.body).to_string()));
        if reply.status >= 400 {
            let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
            let code = body.as_ref().and_then(|body| body.get("__type")?.as_str());
            let code = code.map(|code| code.rsplit('#').next().unwrap_or(code).to_owned());
            self.note(|logged| logged.error = code);
        }
        Ok(reply)
    }

    fn send(&mut self, mut reply: Reply, fault: Option<FaultKind>) -> Outcome {
        match fault {
            Some(FaultKind::LostAnswer) => return Outcome::Reset,
            Some(FaultKind::Truncate) => {
                reply.body = reply.body.slice(..reply.body.len() / 2);
                // The checksum of the whole would tell the client more than a cut connection tells it.
                reply.headers.retain(|(name, _)| name != CHECKSUM);
            }
            _ => {}
        }
        self.note(|logged| logged.status = Some(reply.status));
        Outcome::Reply(reply)
    }

    /// A service's clock that is far ahead.
    fn skewed_now(&self) -> Timestamp {
        self.world.now().plus_seconds(20 * 60)
    }

    fn failed(&mut self, error: &ServiceError) -> Reply {
        self.note(|logged| logged.error = Some(error.code.to_owned()));
        failure(self.service, error, &self.request_id)
    }

    fn refuse(&mut self, error: &ServiceError) -> Outcome {
        let reply = self.failed(error);
        self.send(reply, None)
    }

    fn refuse_as(&mut self, kind: FaultKind, error: &ServiceError) -> Outcome {
        let mut reply = self.failed(error);
        if kind == FaultKind::ClockSkew {
            reply.headers.push((DATE.to_owned(), http_date(self.skewed_now())));
        }
        self.send(reply, None)
    }

    fn note(&mut self, change: impl FnOnce(&mut LoggedCall)) {
        if let Some(logged) = &mut self.logged {
            change(logged);
        }
    }

    fn finish(&mut self) {
        if let Some(logged) = self.logged.take() {
            lock(&self.world.log).add(logged);
        }
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Spoils what the table answers.
fn spoil_reply(kind: FaultKind, request: &Received, reply: &mut Reply) {
    if !matches!(kind, FaultKind::WrongType | FaultKind::NullInList | FaultKind::RepeatToken) {
        return;
    }
    let Ok(mut answer) = serde_json::from_slice::<Value>(&reply.body) else { return };
    match kind {
        FaultKind::RepeatToken => pages::repeat(&request.body, &mut answer),
        _ => distortion::spoil(kind, &mut answer),
    }
    reply.body = answer.to_string().into();
}
