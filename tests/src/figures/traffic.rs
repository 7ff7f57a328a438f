//! What a session said, read from the bytes that passed.

use super::Failure;
use super::visit;
use std::collections::HashMap;
use windrow_protocol::change::Changeset;
use windrow_protocol::chunk::Chunk;
use windrow_protocol::codec::{Effort, Limits, decode_changeset, encode_changeset};
use windrow_protocol::message::{Answer, Prepare, from_bytes};

/// What passed in some time.
#[derive(Debug)]
pub(super) struct Traffic {
    /// All bytes, headers included, both ways.
    pub(super) bytes: usize,
    /// Requests with their answers.
    exchanges: Vec<Exchange>,
}

impl Traffic {
    /// Reads what was sent and received over HTTP/1.1.
    pub(super) fn read(sent: &[u8], received: &[u8]) -> Result<Traffic, Failure> {
        let (requests, answers) = (messages(sent)?, messages(received)?);
        if requests.len() != answers.len() {
            return Err(format!("{} requests, but {} answers", requests.len(), answers.len()).into());
        }
        let exchanges = requests.into_iter().zip(answers).map(Exchange::of).collect();
        Ok(Traffic { bytes: sent.len() + received.len(), exchanges })
    }

    /// Bytes of the bodies of this verb's only request and of its answer.
    pub(super) fn bodies(&self, verb: &str) -> Result<(usize, usize), Failure> {
        let exchange = self.only(verb)?;
        Ok((exchange.request.len(), exchange.answer.len()))
    }

    /// Bytes of the changesets, which go whole or in chunks.
    pub(super) fn changesets(&self) -> Result<usize, Failure> {
        let mut sent = HashMap::new();
        for exchange in &self.exchanges {
            match exchange.verb.as_str() {
                "upload" => {
                    let parcel = Chunk::arrived(&exchange.request)?.parcel;
                    sent.insert(parcel.session, parcel.total as usize);
                }
                "prepare" => {
                    let prepare: Prepare = from_bytes(&exchange.request)?;
                    sent.insert(prepare.session, prepare.payload.len());
                }
                _ => {}
            }
        }
        if sent.is_empty() { Err("nothing was sent".into()) } else { Ok(sent.values().sum()) }
    }

    /// Bytes of the changeset that are for its changes: what it takes more than one of the same device without any.
    pub(super) fn change(&self) -> Result<usize, Failure> {
        let bytes = from_bytes::<Prepare>(&self.only("prepare")?.request)?.payload;
        let schema = visit::schema()?;
        let changeset = decode_changeset(&schema, &bytes, &Limits::default())?;
        let empty = Changeset { changes: Vec::new(), ..changeset.unresolved().clone() };
        Ok(bytes.len() - encode_changeset(&schema, &empty, &[], Effort::Upload).len())
    }

    /// Bytes of the pages.
    pub(super) fn pages(&self) -> Result<usize, Failure> {
        self.exchanges.iter().map(Exchange::page).sum()
    }

    fn only(&self, verb: &str) -> Result<&Exchange, Failure> {
        let mut of_verb = self.exchanges.iter().filter(|e| e.verb == verb);
        match (of_verb.next(), of_verb.next()) {
            (Some(exchange), None) => Ok(exchange),
            _ => {
                let verbs: Vec<_> = self.exchanges.iter().map(|e| e.verb.as_str()).collect();
                Err(format!("not one {verb}, but {verbs:?}").into())
            }
        }
    }
}

/// A request and its answer.
#[derive(Debug)]
struct Exchange {
    /// What was asked for: the last part of the path.
    verb: String,
    /// The request's body.
    request: Vec<u8>,
    /// The answer's body.
    answer: Vec<u8>,
}

impl Exchange {
    fn of((request, answer): (Message, Message)) -> Exchange {
        let path = request.head.split_whitespace().nth(1).unwrap_or_default();
        let verb = path.rsplit('/').next().unwrap_or_default().to_owned();
        Exchange { verb, request: request.body, answer: answer.body }
    }

    fn page(&self) -> Result<usize, Failure> {
        Ok(match from_bytes(&self.answer)? {
            Answer::Committed { page, .. } | Answer::News(page) => page.len(),
            _ => 0,
        })
    }
}

/// An HTTP/1.1 message.
#[derive(Debug)]
struct Message {
    head: String,
    body: Vec<u8>,
}

/// The messages that stand one after another in these bytes.
fn messages(mut bytes: &[u8]) -> Result<Vec<Message>, Failure> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").ok_or("headers without an end")? + 4;
        let (head, rest) = bytes.split_at(end);
        let head = String::from_utf8_lossy(head).into_owned();
        let (body, rest) = rest.split_at_checked(length(&head)?).ok_or("a body without an end")?;
        messages.push(Message { head, body: body.to_owned() });
        bytes = rest;
    }
    Ok(messages)
}

fn length(head: &str) -> Result<usize, Failure> {
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    let length = headers.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).map(|(_, value)| value).next();
    Ok(length.ok_or("a body of unknown length")?.trim().parse()?)
}
