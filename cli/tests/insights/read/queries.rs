//! Runs every command and statement of `docs/queries.md` against the story's table: both forms of a query must return
//! the same, non-empty result.

use crate::support::story::STORY;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::{BTreeMap, HashMap};

/// A query of the page.
#[derive(Debug, Default)]
struct Question {
    title: String,
    command: String,
    statement: String,
}

type Item = HashMap<String, AttributeValue>;

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/queries.md")).unwrap()
}

/// The sections of the page, each with its command and its statement.
fn questions() -> Vec<Question> {
    let mut questions: Vec<Question> = Vec::new();
    let mut block: Option<(&str, String)> = None;
    for line in page().lines() {
        match (&mut block, line) {
            (None, line) if line.starts_with("## ") => {
                questions.push(Question { title: line[3..].to_owned(), ..Question::default() });
            }
            (None, "```sh") => block = Some(("sh", String::new())),
            (None, "```sql") => block = Some(("sql", String::new())),
            (Some((language, text)), "```") => {
                let question = questions.last_mut().expect("a block before the first section");
                let place = if *language == "sh" { &mut question.command } else { &mut question.statement };
                assert!(place.is_empty(), "{}: two blocks of {language}", question.title);
                *place = std::mem::take(text);
                block = None;
            }
            (Some((_, text)), line) => {
                text.push_str(line);
                text.push('\n');
            }
            _ => {}
        }
    }
    questions
}

/// The words of a command line as a shell splits them. Only single quotes and backslashes at line ends are supported.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut is_quoted = false;
    for character in command.replace("\\\n", " ").chars() {
        match character {
            '\'' => is_quoted = !is_quoted,
            character if character.is_whitespace() && !is_quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            character => {
                assert!(
                    is_quoted || !"\"\\$`;&|<>*".contains(character),
                    "a shell would read {character}: {command}"
                );
                word.push(character);
            }
        }
    }
    assert!(!is_quoted && word.is_empty(), "the command does not end: {command}");
    words
}

/// The options of an `aws dynamodb query`; a flag has an empty value.
fn options(command: &str) -> BTreeMap<String, String> {
    let words = words(command);
    assert_eq!(words[..3], ["aws", "dynamodb", "query"], "{command}");
    let mut options = BTreeMap::new();
    let mut rest = words[3..].iter().peekable();
    while let Some(word) = rest.next() {
        let name = word.strip_prefix("--").unwrap_or_else(|| panic!("no option: {word}"));
        let value = rest.next_if(|word| !word.starts_with("--")).cloned().unwrap_or_default();
        assert!(options.insert(name.to_owned(), value).is_none(), "--{name} twice: {command}");
    }
    options
}

/// The items that the AWS CLI would return for `command`.
async fn asked_by_command(command: &str) -> Vec<Item> {
    let mut options = options(command);
    let mut take = |name: &str| options.remove(name);
    let values: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_str(&take("expression-attribute-values").unwrap()).unwrap();
    let values = values.into_iter().map(|(name, value)| {
        assert_eq!(value.keys().collect::<Vec<_>>(), ["S"], "{name}");
        (name, AttributeValue::S(value["S"].clone()))
    });
    let most = take("max-items").map_or(usize::MAX, |number| number.parse().unwrap());
    let is_newest_first = take("no-scan-index-forward").is_some();
    let query = STORY
        .lab
        .dynamodb()
        .query()
        .table_name(take("table-name").unwrap())
        .set_index_name(take("index-name"))
        .key_condition_expression(take("key-condition-expression").unwrap())
        .set_filter_expression(take("filter-expression"))
        .set_expression_attribute_values(Some(values.collect()))
        .scan_index_forward(!is_newest_first);
    assert!(options.is_empty(), "options that this test does not know: {options:?}");
    let mut items = Vec::new();
    let mut start = None;
    loop {
        let answer = query.clone().set_exclusive_start_key(start.take()).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{command}: {error:?}"));
        items.extend(answer.items.unwrap_or_default());
        start = answer.last_evaluated_key;
        if start.is_none() || items.len() >= most {
            items.truncate(most);
            return items;
        }
    }
}

/// The items that PartiQL returns for `statement`.
async fn asked_by_statement(statement: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut token = None;
    loop {
        let execute =
            STORY.lab.dynamodb().execute_statement().statement(statement).set_next_token(token.take());
        let answer = execute.send().await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        items.extend(answer.items.unwrap_or_default());
        token = answer.next_token;
        if token.is_none() {
            return items;
        }
    }
}

/// The keys in their order, or sorted.
fn keys(items: &[Item], is_ordered: bool) -> Vec<(String, String)> {
    let text = |item: &Item, name: &str| item[name].as_s().unwrap().clone();
    let mut keys: Vec<_> = items.iter().map(|item| (text(item, "pk"), text(item, "sk"))).collect();
    if !is_ordered {
        keys.sort();
    }
    keys
}

#[test]
fn every_command_returns_the_same_as_its_statement() {
    let questions = questions();
    assert!(questions.len() >= 15, "{}", questions.len());
    for Question { title, command, statement } in questions {
        assert!(!command.is_empty() && !statement.is_empty(), "{title}: a command and a statement");
        let (by_command, by_statement) =
            STORY.wait(async { (asked_by_command(&command).await, asked_by_statement(&statement).await) });
        assert!(!by_command.is_empty(), "{title}: the command finds nothing");
        let is_ordered = command.contains("--no-scan-index-forward");
        assert_eq!(is_ordered, statement.contains("DESC"), "{title}");
        assert_eq!(keys(&by_command, is_ordered), keys(&by_statement, is_ordered), "{title}");
        let sorted = |items: Vec<Item>| -> BTreeMap<_, _> {
            items.into_iter().map(|item| (keys(std::slice::from_ref(&item), true), item)).collect()
        };
        assert_eq!(sorted(by_command), sorted(by_statement), "{title}");
    }
}

#[test]
fn no_statement_scans_the_table() {
    for Question { title, statement, .. } in questions() {
        let (_, condition) = statement.split_once("WHERE ").expect("a statement with a condition");
        let partitions = ["pk = '", "open_pk = '", "ended_pk = '", "entity_pk = '"];
        assert!(partitions.iter().any(|partition| condition.starts_with(partition)), "{title}: {statement}");
    }
}

#[test]
fn the_queries_return_the_same_as_the_command_line() {
    let expected = |title: &str| -> Vec<String> {
        let all = questions();
        let question = all.iter().find(|question| question.title == title).expect(title);
        let items = STORY.wait(asked_by_command(&question.command));
        keys(&items, true).into_iter().map(|(pk, _)| pk).collect()
    };
    let open: Vec<String> = STORY.texts(&["list", "--open", "--source", "xray"], "pk");
    assert_eq!(expected("Open insights of a target"), open, "the worst first");
    let mut checkout =
        STORY.texts(&["list", "--entity", "checkout", "--since", "2026-02-01T00:00:00Z"], "pk");
    checkout.reverse();
    assert_eq!(expected("Records about an entity"), checkout);
}
