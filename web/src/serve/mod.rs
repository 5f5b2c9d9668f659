//! Serves the live page on the loopback interface. It only reads, and keeps no state between requests: every response shows
//! the table as of its own time.

mod answer;
mod api;
mod compress;
mod guard;

use crate::command::Location;
use crate::page::filter::{Fault, Filter, OF_COUNTS, OF_INSIGHTS, OF_PAGE, SEARCHED};
use crate::page::gather::{self, Wanted};
use crate::page::model::Model;
use crate::page::{Medium, assets, document, fingerprint, search};
use answer::Form;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{HeaderMap, HeaderValue, IF_NONE_MATCH};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use insights_query::health::survey;
use insights_query::{Error, Reader, Span};
use insights_shared::time::Clock;
use insights_simulator::connections::{self, Limits};
use jiff::tz::TimeZone;
use tokio::net::TcpListener;

/// The maximum number of insights with charts and details. The others have separate pages.
const MOST_DETAILS: usize = 24;

/// The settings of the server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Reads the table.
    pub reader: Reader,
    /// The clock that determines the time of each response.
    pub clock: Clock,
    /// The time zone of the pages.
    pub zone: TimeZone,
    /// The name of the table on the page.
    pub table: String,
    /// The options that select the table in commands.
    pub location: Location,
}

impl Server {
    /// Reads the table once, so that an error is reported before a page is opened.
    pub async fn check(&self) -> Result<(), Error> {
        survey(&self.reader, None).await.map(drop)
    }

    /// Serves requests until `shutdown` is ready.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        connections::serve_router(listener, Limits::DEFAULT, router(self), shutdown).await;
    }
}

fn router(server: Server) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/insights/{pk}", get(single))
        .route("/incidents/{id}", get(incident))
        .route("/assets/{name}", get(asset))
        .route("/api", get(api_list))
        .route("/api/", get(api_list))
        .route("/api/insights", get(api_insights))
        .route("/api/insights/{pk}", get(api_single))
        .route("/api/incidents", get(api_incidents))
        .route("/api/compliance", get(api_compliance))
        .route("/api/status", get(api_status))
        .fallback(missing)
        .layer(middleware::from_fn(compress::compress))
        .layer(middleware::from_fn(guard::check))
        .with_state(server)
}

async fn page(State(server): State<Server>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    match server.page(query, headers.get(IF_NONE_MATCH)).await {
        Ok(page) => page,
        Err(error) => error.answer(Form::Page),
    }
}

async fn asset(Path(name): Path<String>) -> Response {
    match assets::all().iter().find(|asset| asset.name == name) {
        Some(asset) => answer::asset(asset),
        None => answer::missing("there is no such asset", Form::Page),
    }
}

async fn single(State(server): State<Server>, Path(pk): Path<String>) -> Response {
    match server.single(&pk).await {
        Err(error) => answer::failed(&error, Form::Page),
        Ok(Some(model)) => {
            let found = model.insights().find_map(|insight| Some((insight, insight.detail.as_ref()?)));
            match found {
                Some((insight, detail)) => {
                    answer::page(document::single(&model, insight, detail, &Medium::Live(Box::default())))
                }
                None => answer::missing(&nothing_at(&pk), Form::Page),
            }
        }
        Ok(None) => answer::missing(&nothing_at(&pk), Form::Page),
    }
}

async fn incident(State(server): State<Server>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let missing = || answer::missing(&format!("there is no incident {id} in the last 400 days"), Form::Page);
    match server.incident(&id).await {
        Err(error) => answer::failed(&error, Form::Page),
        Ok(None) => missing(),
        Ok(Some(model)) => match document::incident_page(&model, &Medium::Live(Box::default())) {
            Some(page) => {
                let tag = fingerprint::of(&model);
                answer::tagged(&tag, model.now, headers.get(IF_NONE_MATCH), || page)
            }
            None => missing(),
        },
    }
}

async fn api_list(State(server): State<Server>, RawQuery(query): RawQuery) -> Result<Response, RequestError> {
    server.asked(query, &[])?;
    Ok(answer::json(api::list().to_string()))
}

async fn api_insights(
    State(server): State<Server>,
    RawQuery(query): RawQuery,
) -> Result<Response, RequestError> {
    let Asked { reader, filter, span } = server.asked(query, &OF_INSIGHTS)?;
    let insights = gather::stored(&reader, span).await?;
    let mut insights = search::with_details(&reader, &filter, insights).await?;
    insights.retain(|insight| filter.holds(insight));
    for insight in &mut insights {
        insight.0.remove(SEARCHED);
    }
    Ok(answer::json(api::insights(insights)))
}

async fn api_incidents(
    State(server): State<Server>,
    RawQuery(query): RawQuery,
) -> Result<Response, RequestError> {
    let Asked { reader, filter, span } = server.asked(query, &OF_INSIGHTS)?;
    let insights = gather::stored(&reader, span).await?;
    Ok(answer::json(api::incidents(&gather::incidents(&reader, &insights).await?, &filter).to_string()))
}

async fn api_compliance(
    State(server): State<Server>,
    RawQuery(query): RawQuery,
) -> Result<Response, RequestError> {
    let Asked { reader, filter, span } = server.asked(query, &OF_COUNTS)?;
    Ok(answer::json(api::compliance(&gather::counts(&reader, &filter, span).await?)))
}

async fn api_status(
    State(server): State<Server>,
    RawQuery(query): RawQuery,
) -> Result<Response, RequestError> {
    let Asked { reader, .. } = server.asked(query, &[])?;
    Ok(answer::json(api::status(&survey(&reader, None).await?, &server.location).to_string()))
}

async fn api_single(
    State(server): State<Server>,
    Path(pk): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, RequestError> {
    server.asked(query, &[])?;
    let found = server.single(&pk).await?;
    let found = found.as_ref().and_then(|model| Some((model, model.insights().next()?)));
    Ok(match found {
        Some((model, insight)) => answer::json(api::single(insight, &model.incidents)),
        None => answer::missing(&nothing_at(&pk), Form::Json),
    })
}

async fn missing(request: axum::extract::Request) -> Response {
    let form = if request.uri().path().starts_with("/api/") { Form::Json } else { Form::Page };
    answer::missing("there is nothing at this address", form)
}

fn nothing_at(pk: &str) -> String {
    format!("no insight is stored under the whole key {pk}; it may have expired")
}

/// The parsed address and the reader.
struct Asked {
    reader: Reader,
    filter: Filter,
    span: Span,
}

/// Why a request failed.
enum RequestError {
    Wrong(Vec<Fault>),
    Failed(Error),
}

impl RequestError {
    fn answer(&self, form: Form) -> Response {
        match self {
            Self::Wrong(faults) => answer::wrong(faults, form),
            Self::Failed(error) => answer::failed(error, form),
        }
    }
}

impl From<Error> for RequestError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// For errors in JSON. Errors of pages have their own text.
impl IntoResponse for RequestError {
    fn into_response(self) -> Response {
        self.answer(Form::Json)
    }
}

impl Server {
    fn asked(&self, query: Option<String>, known: &[&str]) -> Result<Asked, RequestError> {
        let reader = self.reader.as_of(self.clock.now());
        let query = query.unwrap_or_default();
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let pairs = pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
        let (filter, span) =
            Filter::parse(pairs, known, reader.now(), &self.zone).map_err(RequestError::Wrong)?;
        Ok(Asked { reader, filter, span })
    }

    async fn page(
        &self,
        query: Option<String>,
        known: Option<&HeaderValue>,
    ) -> Result<Response, RequestError> {
        let Asked { reader, filter, span } = self.asked(query, &OF_PAGE)?;
        let wanted = Wanted {
            filter: &filter,
            span,
            most_details: MOST_DETAILS,
            table: self.table.clone(),
            zone: self.zone.clone(),
            location: self.location.clone(),
        };
        let model = gather::whole(&reader, wanted).await?;
        let page = || document::whole(&model, &Medium::Live(Box::new(filter)));
        Ok(answer::tagged(&fingerprint::of(&model), model.now, known, page))
    }

    async fn incident(&self, id: &str) -> Result<Option<Model>, Error> {
        let reader = self.reader.as_of(self.clock.now());
        gather::incident(&reader, id, self.table.clone(), self.zone.clone(), self.location.clone()).await
    }

    async fn single(&self, pk: &str) -> Result<Option<Model>, Error> {
        // DynamoDB rejects longer keys with its own error.
        if pk.is_empty() || pk.len() > 2_048 {
            return Ok(None);
        }
        let reader = self.reader.as_of(self.clock.now());
        gather::single(&reader, pk, self.table.clone(), self.zone.clone(), self.location.clone()).await
    }
}
