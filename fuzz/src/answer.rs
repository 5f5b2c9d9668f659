//! Bodies of answers. The fuzzer provides the answer of one operation in a run of the complete function with the real SDK.
//! The first byte of the input selects the operation, and the second one the status.

use crate::canned::{Canned, Replaced};
use crate::given::Outcome;
use crate::invoke::{check_response, invoke};
use crate::sources::fuzz_source;
use insights_collectors::with_collector;
use insights_shared::collector::Collector;
use insights_shared::record::Source;
use insights_simulator::{Service, dynamodb};
use serde_json::Value;
use std::sync::LazyLock;

/// An operation whose answer comes from the fuzzer.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The service.
    pub source: Source,
    /// The service.
    pub service: Service,
    /// The operation as the simulator describes it.
    pub simulated: &'static insights_simulator::operation::Operation,
}

impl Operation {
    fn new(source: Source, service: Service, name: &str) -> Self {
        let simulated = service.operation(name);
        let simulated = simulated.unwrap_or_else(|| panic!("the simulator has no {service}:{name}"));
        Self { source, service, simulated }
    }

    /// Whether it is an operation of the table.
    pub fn is_table(&self) -> bool {
        self.service == dynamodb::SERVICE
    }
}

/// Every operation of the functions, and for each function those of the table.
pub static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let of_source = insights_sources::all().flat_map(|source| {
        source.operations.iter().map(move |operation| {
            let service = Service::named(operation.service);
            let service =
                service.unwrap_or_else(|| panic!("the simulator has no service {}", operation.service));
            Operation::new(source, service, operation.name)
        })
    });
    let of_table = insights_sources::all().flat_map(|source| {
        ["BatchGetItem", "Query", "PutItem"].map(|name| Operation::new(source, dynamodb::SERVICE, name))
    });
    of_source.chain(of_table).collect()
});

/// The statuses of answers. Success is more frequent than each error.
pub const STATUSES: [u16; 9] = [200, 400, 200, 429, 200, 500, 200, 403, 200];

/// Runs the function of the selected operation.
pub fn check(data: &[u8]) {
    let Some(([operation, status], body)) = data.split_first_chunk() else { return };
    let operation = OPERATIONS[usize::from(*operation) % OPERATIONS.len()];
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    with_collector!(operation.source, C => run::<C>(operation, status, body))
        .expect("every source has a collector");
}

fn run<C: Collector>(operation: Operation, status: u16, body: &[u8]) {
    let client = Canned::new(Some(Replaced { operation, status, body: body.to_vec() }));
    let Some(result) = invoke::<C>(&client, "{}") else { return };
    let puts = client.puts();
    let Some(response) = check_response(&result, &puts) else { return };
    if status == 200
        && !operation.is_table()
        && let Ok(answer) = serde_json::from_slice::<Value>(body)
    {
        let outcome = Outcome { operation: operation.simulated.name, puts: &puts, response };
        outcome.check(fuzz_source(C::SOURCE).counts, &answer);
    }
}
