//! Handles one request: identifies the signer, applies limits and faults, and calls the service.

use crate::call::{Answer, Call, ServiceError};
use crate::fault::{FaultKind, distortion};
use crate::log::LoggedCall;
use crate::operation::Operation;
use crate::principal::{IdentityError, Principal};
use crate::protocol::answer::{CHECKSUM, Reply, error_code, failure, success};
use crate::protocol::canned::{greeting, html_503, http_date};
use crate::protocol::refusal;
use crate::protocol::request::{Received, Target};
use crate::protocol::signature::{SignatureError, Signer};
use crate::route::Labels;
use crate::scenario::place::Place;
use crate::scenario::uuid;
use crate::service::{Backend, Service};
use crate::state::{SharedState, lock};
use insights_shared::time::Timestamp;
use serde_json::Map;
use std::sync::atomic::Ordering;

const DATE: &str = "date";

/// The reaction of the server to a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Sends this response.
    Reply(Reply),
    /// Resets the connection.
    Reset,
}

/// A request in progress. It is logged when it ends, even if the client has disconnected.
struct Exchange<'a> {
    state: &'a SharedState,
    service: Service,
    request_id: String,
    logged: Option<LoggedCall>,
}

impl SharedState {
    /// Answers `request` with the services and the faults. Every response has the date of the simulator's clock.
    pub(crate) async fn exchange(&self, request: Received) -> Outcome {
        let mut outcome = self.answer(request).await;
        if let Outcome::Reply(reply) = &mut outcome
            && !reply.headers.iter().any(|(name, _)| name == DATE)
        {
            reply.headers.push((DATE.to_owned(), http_date(self.now())));
        }
        outcome
    }

    async fn answer(&self, request: Received) -> Outcome {
        let signer = Signer::read(&request);
        let scope = signer.as_ref().ok().and_then(|signer| Service::named(&signer.service));
        let target = request.target(crate::SERVICES, scope);
        if matches!(target, Target::Unknown(None, _))
            && signer == Err(SignatureError::Missing)
            && request.path == "/"
        {
            return Outcome::Reply(greeting());
        }
        let (service, name) = match &target {
            Target::Operation(service, operation, _) => (Some(*service), operation.name),
            Target::Unknown(service, name) => (service.or(scope), name.as_str()),
        };
        let Some(service) = service.or_else(|| Service::all().first().copied()) else {
            return Outcome::Reset;
        };
        if let Some(observe) = &self.observer {
            observe(service, name, &format!("{}?{}", request.path, request.query), &request.body);
        }
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut exchange = Exchange {
            state: self,
            service,
            request_id: uuid(number, "request"),
            logged: Some(LoggedCall {
                time: self.now(),
                service: service.name().to_owned(),
                operation: name.to_owned(),
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
    async fn run(
        &mut self,
        request: Received,
        target: Target,
        signer: Result<Signer, SignatureError>,
    ) -> Outcome {
        let (signer, principal) = match self.authenticate(signer) {
            Ok(authenticated) => authenticated,
            Err(error) => return self.refuse(&error),
        };
        self.log(|logged| {
            logged.account.clone_from(&principal.account);
            logged.caller = principal.session.clone().unwrap_or_else(|| signer.key.clone());
            logged.region.clone_from(&signer.region);
        });
        let (operation, labels) = match target {
            Target::Operation(_, operation, labels) => (operation, labels),
            Target::Unknown(_, name) => return self.refuse(&refusal::unknown(self.service, &name)),
        };
        if !self.state.is_within_rate(self.service, operation, &principal, &signer.region) {
            self.log(|logged| logged.throttled = true);
            return self.refuse(&refusal::throttled(self.service));
        }
        let fault = lock(&self.state.faults).take(self.service, operation);
        self.log(|logged| logged.fault = fault.map(|kind| kind.to_string()));
        match fault {
            None => {}
            Some(FaultKind::Slow(duration)) => tokio::time::sleep(duration).await,
            Some(FaultKind::Reset) => return Outcome::Reset,
            Some(FaultKind::Hang) => {
                self.finish();
                std::future::pending::<()>().await;
            }
            Some(FaultKind::Html503) => {
                self.log(|logged| logged.status = Some(503));
                return Outcome::Reply(html_503());
            }
            Some(kind) => {
                if let Some(error) = self.error_of(kind, operation.name, &principal, &request) {
                    self.log(|logged| logged.throttled = kind == FaultKind::Throttle);
                    return self.refuse_as(kind, &error);
                }
            }
        }
        let reply = match self.service.descriptor().backend {
            Backend::Scenario(answer) => {
                match self.read_input(operation, &labels, &request, &signer, &principal) {
                    Ok(call) => self.answer(answer, operation, &call, &principal, fault),
                    Err(error) => self.failed(&error),
                }
            }
            Backend::Database(answer) => {
                let Some(table) = &self.state.table else { return Outcome::Reset };
                match answer(table, &request, fault).await {
                    Ok(reply) => self.identified(reply),
                    Err(message) => {
                        tracing::error!(message, "the embedded database did not answer");
                        return Outcome::Reset;
                    }
                }
            }
        };
        self.send(reply, fault)
    }

    /// The signer and the principal, if the signature is for this service and the simulator knows the credentials.
    fn authenticate(
        &self,
        signer: Result<Signer, SignatureError>,
    ) -> Result<(Signer, Principal), ServiceError> {
        let signer = signer.map_err(|error| match error {
            SignatureError::Missing => refusal::unsigned(self.service),
            SignatureError::Malformed => refusal::malformed(self.service),
        })?;
        if signer.service != self.service.name() {
            return Err(refusal::mis_scoped(self.service));
        }
        let account = self.state.scenario().account.clone();
        let principal = Principal::identify(&signer, &account).map_err(|error| match error {
            IdentityError::Unrecognized => refusal::unrecognized(self.service),
            IdentityError::Expired => refusal::expired(self.service),
        })?;
        Ok((signer, principal))
    }

    /// The error of a fault that takes effect before the service answers.
    fn error_of(
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

    fn read_input(
        &mut self,
        operation: &'static Operation,
        labels: &Labels,
        request: &Received,
        signer: &Signer,
        principal: &Principal,
    ) -> Result<Call, ServiceError> {
        let input = request.input(self.service.descriptor().protocol, operation, labels);
        let input = input.map_err(|message| refusal::unreadable(self.service, &message))?;
        self.log(|logged| logged.input.clone_from(&input));
        Ok(Call {
            operation: operation.name,
            account: principal.account.clone(),
            region: signer.region.clone(),
            now: self.state.now(),
            input,
        })
    }

    fn answer(
        &mut self,
        answer: fn(&Place, &Call, &Principal) -> Answer,
        operation: &Operation,
        call: &Call,
        principal: &Principal,
        fault: Option<FaultKind>,
    ) -> Reply {
        let answered = answer(self.state.scenario().place(&call.account, &call.region), call, principal);
        match answered {
            Ok(mut output) => {
                if let Some(kind) = fault {
                    let records = self.service.descriptor().records;
                    distortion::distort(kind, call, operation.paging, records, &mut output);
                }
                success(self.service, operation.name, &output, &self.request_id)
            }
            Err(error) => self.failed(&error),
        }
    }

    /// The reply of a database with the id of the request. Its error is logged.
    fn identified(&mut self, mut reply: Reply) -> Reply {
        reply.headers.push(("x-amzn-requestid".to_owned(), self.request_id.clone()));
        self.log(|logged| logged.error = error_code(&reply));
        reply
    }

    fn send(&mut self, mut reply: Reply, fault: Option<FaultKind>) -> Outcome {
        match fault {
            Some(FaultKind::LostAnswer) => return Outcome::Reset,
            Some(FaultKind::Truncate) => {
                reply.body = reply.body.slice(..reply.body.len() / 2);
                // With the checksum of the whole body, a client would detect the fault in another way than in AWS.
                reply.headers.retain(|(name, _)| name != CHECKSUM);
            }
            _ => {}
        }
        self.log(|logged| logged.status = Some(reply.status));
        Outcome::Reply(reply)
    }

    /// The clock of a service that is far ahead.
    fn skewed_now(&self) -> Timestamp {
        self.state.now().plus_seconds(20 * 60)
    }

    fn failed(&mut self, error: &ServiceError) -> Reply {
        self.log(|logged| logged.error = Some(error.code.to_owned()));
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

    fn log(&mut self, change: impl FnOnce(&mut LoggedCall)) {
        if let Some(logged) = &mut self.logged {
            change(logged);
        }
    }

    fn finish(&mut self) {
        if let Some(logged) = self.logged.take() {
            lock(&self.state.log).add(logged);
        }
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.finish();
    }
}
