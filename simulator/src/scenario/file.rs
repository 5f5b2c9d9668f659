//! Reads the top level of a scenario file: seed, account, rates and places. Each service reads its own table.

use super::place::Place;
use super::{Context, DEFAULT_ACCOUNT, Scenario, is_account};
use crate::rate::Rates;
use crate::selector::Selector;
use insights_shared::fields::{Faults, Fields};
use insights_shared::region::is_region;
use insights_shared::time::Timestamp;
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// Reads `text`, and adds all faults to `faults`.
pub(super) fn read(
    text: &str,
    anchor: Timestamp,
    seed: Option<u64>,
    faults: &mut Faults,
) -> Option<Scenario> {
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            faults.add(position(text, at), "", error.message());
            return None;
        }
    };
    let value = json(toml::Value::Table(table), "", faults);
    let mut fields = Fields::new(value, "", faults)?;
    let own_seed = fields.integer("seed").unwrap_or_default();
    let seed = seed.unwrap_or(own_seed.cast_unsigned());
    let account = account(&mut fields, "account").unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned());
    let rates = rates(&mut fields);
    let context = Context { anchor, seed };
    let default = Place::parse(&mut fields, &context, None);
    let mut places = BTreeMap::new();
    for (path, value) in fields.list("place").unwrap_or_default() {
        named_place(value, path, &account, fields.faults(), &context, &default, &mut places);
    }
    fields.finish();
    Some(Scenario { seed, account, rates, default, places })
}

fn named_place(
    value: Value,
    path: String,
    own_account: &str,
    faults: &mut Faults,
    context: &Context,
    default: &Place,
    places: &mut BTreeMap<(String, String), Place>,
) {
    let Some(mut fields) = Fields::new(value, path.clone(), faults) else { return };
    let account = account(&mut fields, "account");
    let region = fields.required_string("region");
    if let Some(region) = region.as_deref().filter(|region| !is_region(region)) {
        let path = fields.path("region");
        fields.faults().add(path, region, "must be a region, such as eu-west-1");
    }
    let place = Place::parse(&mut fields, context, Some(default));
    fields.finish();
    let account = account.unwrap_or_else(|| own_account.to_owned());
    let key = (account, region.unwrap_or_default());
    if places.contains_key(&key) {
        faults.add(path, format!("{} {}", key.0, key.1), "is named twice");
    }
    places.insert(key, place);
}

fn account(fields: &mut Fields<'_>, name: &'static str) -> Option<String> {
    let account = fields.string(name)?;
    if !is_account(&account) {
        let path = fields.path(name);
        fields.faults().add(path, &account, "must be an account id of 12 digits, in quotes");
    }
    Some(account)
}

fn rates(fields: &mut Fields<'_>) -> Rates {
    let path = fields.path("rates");
    let mut rates = Rates::default();
    match fields.value("rates") {
        None => {}
        Some(Value::Object(members)) => {
            for (name, value) in members {
                let path = format!("{path}.{name}");
                let Some(rate) = value.as_f64().filter(|rate| *rate >= 0.0) else {
                    fields.faults().add(path, value, "must be calls a second, or 0 for no limit");
                    continue;
                };
                match name.parse::<Selector>() {
                    _ if name == "default" => rates.default = Some(rate),
                    Ok(operations) => rates.set(operations, rate),
                    Err(error) => fields.faults().add(path, value, error.to_string()),
                }
            }
        }
        Some(other) => fields.faults().add(path, other, "must be a table of operation to calls a second"),
    }
    rates
}

/// The line and column of the byte `at` in `text`.
fn position(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}")
}

/// Converts TOML to JSON. Dates become strings. Numbers that JSON cannot represent are faults.
fn json(value: toml::Value, path: &str, faults: &mut Faults) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::Number(number.into()),
        toml::Value::Float(number) => Number::from_f64(number).map_or_else(
            || {
                faults.add(path, number, "must be a finite number");
                Value::Null
            },
            Value::Number,
        ),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(datetime) => Value::String(datetime.to_string()),
        toml::Value::Array(elements) => Value::Array(
            elements
                .into_iter()
                .enumerate()
                .map(|(index, element)| json(element, &format!("{path}[{index}]"), faults))
                .collect(),
        ),
        toml::Value::Table(members) => {
            let mut map = Map::new();
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let member = json(member, &path, faults);
                map.insert(name, member);
            }
            Value::Object(map)
        }
    }
}
