//! What a server takes, and how long it waits. All of its numbers are here.

use std::time::Duration;

/// What a server takes at once, and how long it waits for others. Whatever goes beyond it is turned away or cut off, and comes
/// again: nothing is lost.
///
/// ```
/// use windrow::server::Limits;
///
/// let limits = Limits { connections: 500, ..Limits::default() };
/// assert_eq!(limits.body, 32 << 20);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections that are open at once: 2,048. When there are so many, the one that has kept the server waiting longest makes
    /// room for a new one. Fewer where the system lets the program have fewer open files.
    pub connections: usize,
    /// Requests that are worked on at once: 2,048. One more is told that the hub is busy.
    pub requests: usize,
    /// Bytes of bodies and answers that are under way at once: 32 MiB. A request that would make them more is told that the hub is
    /// busy.
    pub bytes: u32,
    /// Bytes of one body: 32 MiB.
    pub body: u64,
    /// Connections on which devices listen for news: 512, and never more than a quarter of all. One more is told to ask at an
    /// interval.
    pub news: usize,
    /// How long such a connection may be silent, before a comment shows that it lives: 45 seconds.
    pub news_alive: Duration,
    /// Requests of one HTTP/2 connection at once: 8.
    pub streams: u32,
    /// Requests a minute with one token, and as many at once: 600. One more is answered with status 429.
    pub device_a_minute: u32,
    /// Requests a minute from one address, this machine's own apart: 6,000.
    pub address_a_minute: u32,
    /// How long a new connection may say nothing: 5 seconds.
    pub first_byte: Duration,
    /// How long a TLS handshake and the head of a request may take, from their first byte: 10 seconds.
    pub head: Duration,
    /// How long a connection may have nothing to ask: 60 seconds.
    pub idle: Duration,
    /// How long a body or an answer may come as slowly as it likes: 30 seconds.
    pub patience: Duration,
    /// Bytes a second that a body or an answer has to make on average from then on: 256.
    pub pace: u64,
    /// How long requests under way may still take when the server stops: 10 seconds.
    pub last_answers: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 2_048,
            requests: 2_048,
            bytes: 32 << 20,
            body: 32 << 20,
            news: 512,
            news_alive: Duration::from_secs(45),
            streams: 8,
            device_a_minute: 600,
            address_a_minute: 6_000,
            first_byte: Duration::from_secs(5),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            patience: Duration::from_secs(30),
            pace: 256,
            last_answers: Duration::from_secs(10),
        }
    }
}
