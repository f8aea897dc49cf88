//! One method of one path, as the description shows it.

use serde_json::{Map, Value, json};

use super::described::Described;
use super::problem_document::{MEDIA_TYPE, ProblemDocument};
use super::words;

/// One method of one path.
#[derive(Clone)]
pub(crate) struct Operation {
    method: &'static str,
    path: String,
    summary: &'static str,
    tag: &'static str,
    access: Access,
    /// Values that a part of the path may have, by its name.
    choices: Vec<(&'static str, &'static [&'static str])>,
    query: Option<Draw>,
    body: Option<Content>,
    replies: Vec<Reply>,
}

/// Who may ask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever has a key of an app.
    Key,
    /// Publishers, with the app's token if it has one.
    Token,
    /// Everybody.
    Open,
}

/// Draws a schema.
pub(crate) type Draw = fn() -> Value;

/// What a body is.
#[derive(Clone)]
pub(crate) struct Content {
    kind: &'static str,
    schema: Draw,
}

/// One way in which an operation answers.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    words: &'static str,
    content: Option<Content>,
}

impl Content {
    /// JSON.
    pub(crate) const fn json(schema: Draw) -> Self {
        Self { kind: "application/json", schema }
    }

    /// Text, or bytes, of a media type.
    pub(crate) const fn text(kind: &'static str) -> Self {
        Self { kind, schema: || json!({ "type": "string" }) }
    }

    fn describe(&self) -> Value {
        let mut schema = (self.schema)();
        words::explain(&mut schema);
        json!({ self.kind: { "schema": schema } })
    }
}

impl Reply {
    /// An answer of JSON.
    pub(crate) const fn json(status: u16, words: &'static str, schema: Draw) -> Self {
        Self { status, words, content: Some(Content::json(schema)) }
    }

    /// An answer that is a type written as JSON.
    pub(crate) fn of<T: Described>(status: u16, words: &'static str) -> Self {
        Self::json(status, words, T::schema)
    }

    /// A failure told as a problem document.
    pub(crate) const fn problem(status: u16, words: &'static str) -> Self {
        let content = Content { kind: MEDIA_TYPE, schema: ProblemDocument::schema };
        Self::with(status, words, content)
    }

    /// An answer of another media type.
    pub(crate) const fn with(status: u16, words: &'static str, content: Content) -> Self {
        Self { status, words, content: Some(content) }
    }

    /// An answer without a body.
    pub(crate) const fn empty(status: u16, words: &'static str) -> Self {
        Self { status, words, content: None }
    }
}

impl Operation {
    /// An operation for whoever has a key.
    pub(crate) const fn new(summary: &'static str, tag: &'static str) -> Self {
        Self {
            method: "get",
            path: String::new(),
            summary,
            tag,
            access: Access::Key,
            choices: Vec::new(),
            query: None,
            body: None,
            replies: Vec::new(),
        }
    }

    /// Says where it is.
    pub(crate) fn at(self, method: &'static str, path: &str) -> Self {
        Self { method, path: path.to_owned(), ..self }
    }

    /// Puts something in front of its path.
    pub(crate) fn under(self, prefix: &str) -> Self {
        let path = format!("{prefix}{}", self.path);
        Self { path, ..self }
    }

    /// Says that everybody may ask.
    pub(crate) fn open(self) -> Self {
        Self { access: Access::Open, ..self }
    }

    /// Says that publishers may ask.
    pub(crate) fn for_publishers(self) -> Self {
        Self { access: Access::Token, ..self }
    }

    /// Says what a part of the path may be.
    pub(crate) fn choice(mut self, name: &'static str, of: &'static [&'static str]) -> Self {
        self.choices.push((name, of));
        self
    }

    /// Says which parameters the query may have: the properties of a type.
    pub(crate) fn query<T: Described>(self) -> Self {
        Self { query: Some(T::schema), ..self }
    }

    /// Says what its request's body is.
    pub(crate) fn body(self, content: Content) -> Self {
        Self { body: Some(content), ..self }
    }

    /// Adds an answer.
    pub(crate) fn reply(mut self, reply: Reply) -> Self {
        self.replies.push(reply);
        self
    }

    /// Its path.
    pub(crate) fn path(&self) -> String {
        self.path.clone()
    }

    /// Its method, and its object in the document.
    pub(crate) fn describe(&self) -> (String, Value) {
        let mut parameters = self.path_parameters();
        if let Some(query) = self.query {
            parameters.extend(query_parameters(&query()));
        }
        let mut responses = Map::new();
        for reply in &self.replies {
            responses.insert(reply.status.to_string(), reply.describe());
        }
        let security = match self.access {
            Access::Key => json!([{ "key": [] }]),
            Access::Token => json!([{ "token": [] }, {}]),
            Access::Open => json!([]),
        };
        let mut described = json!({
            "summary": self.summary,
            "tags": [self.tag],
            "operationId": self.id(),
            "security": security,
            "responses": responses,
        });
        if let Some(fields) = described.as_object_mut() {
            if !parameters.is_empty() {
                fields.insert("parameters".into(), parameters.into());
            }
            if let Some(body) = &self.body {
                let content = body.describe();
                fields
                    .insert("requestBody".into(), json!({ "required": true, "content": content }));
            }
        }
        (self.method.to_owned(), described)
    }

    /// The method and the fixed parts of the path.
    fn id(&self) -> String {
        let fixed = self.path.split('/').filter(|part| !part.is_empty() && !part.contains('{'));
        let mut open = self.path.split('/').filter_map(|part| part.strip_prefix('{'));
        let last = open.next_back().map(|part| part.trim_end_matches('}')).unwrap_or_default();
        let words: Vec<&str> = std::iter::once(self.method).chain(fixed).collect();
        format!("{}-{last}", words.join("-")).trim_end_matches('-').to_owned()
    }

    fn path_parameters(&self) -> Vec<Value> {
        let names = self.path.split(['{', '}']).skip(1).step_by(2);
        let parameter = |name: &str| {
            let mut schema = words::path(name);
            if let Some((_, of)) = self.choices.iter().find(|(choice, _)| *choice == name)
                && let Some(schema) = schema.as_object_mut()
            {
                schema.insert("enum".into(), json!(of));
            }
            let description = words::of(name).unwrap_or_default();
            json!({
                "name": name,
                "in": "path",
                "required": true,
                "description": description,
                "schema": schema,
            })
        };
        names.map(parameter).collect()
    }
}

impl Reply {
    fn describe(&self) -> Value {
        match &self.content {
            None => json!({ "description": self.words }),
            Some(content) => {
                json!({ "description": self.words, "content": content.describe() })
            }
        }
    }
}

/// One parameter for each property.
fn query_parameters(schema: &Value) -> Vec<Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let parameter = |(name, schema): (&String, &Value)| {
        let mut schema = schema.clone();
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        json!({
            "name": name,
            "in": "query",
            "required": false,
            "description": description.unwrap_or_default(),
            "schema": schema,
        })
    };
    properties.into_iter().flatten().map(parameter).collect()
}
