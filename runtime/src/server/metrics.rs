//! What the server counts, in the text format of Prometheus.

use super::line::Slow;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of a histogram's buckets, in seconds.
const SECONDS: [f64; 10] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0];

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What requests ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Prepare,
    Upload,
    Commit,
    Pull,
    Enrol,
    Bundle,
    News,
    Other,
}

impl Question {
    const ALL: [(Question, &str); 8] = [
        (Question::Prepare, "prepare"),
        (Question::Upload, "upload"),
        (Question::Commit, "commit"),
        (Question::Pull, "pull"),
        (Question::Enrol, "enrol"),
        (Question::Bundle, "bundle"),
        (Question::News, "news"),
        (Question::Other, "other"),
    ];

    /// What an address asks for.
    pub(super) fn of(path: &str) -> Question {
        let named = path.strip_prefix("/v1/").and_then(|name| Question::ALL.iter().find(|(_, other)| *other == name));
        named.map_or(Question::Other, |(question, _)| *question)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        Question::ALL.iter().find(|(question, _)| *question == self).map_or("other", |(_, name)| name)
    }
}

/// How requests end.
const OUTCOMES: [&str; 4] = ["ok", "refused", "busy", "failed"];

fn outcome(status: u16) -> usize {
    match status {
        ..400 => 0,
        429 | 503 => 2,
        400..500 => 1,
        _ => 3,
    }
}

/// Of one verb.
#[derive(Debug, Default)]
struct Asked {
    ended: [Counter; 4],
    within: [Counter; SECONDS.len()],
    micros: Counter,
}

/// All that is counted.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    /// Bytes that came and went, TLS and heads included.
    pub(super) received: Counter,
    pub(super) sent: Counter,
    /// Connections that were taken, and those that were not.
    pub(super) accepted: Counter,
    pub(super) turned_away: Counter,
    /// TLS handshakes that failed.
    pub(super) handshakes_failed: Counter,
    cut: [Counter; 4],
    asked: [Asked; Question::ALL.len()],
}

/// A number that is told as it is now.
#[derive(Debug)]
pub(super) struct Gauge {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) value: u64,
}

impl Metrics {
    /// A connection was cut off.
    pub(super) fn cut(&self, slow: Slow) {
        self.cut[Metrics::place(slow)].add(1);
    }

    /// A request was answered.
    pub(super) fn answered(&self, question: Question, status: u16, took: Duration) {
        let asked = &self.asked[question as usize];
        asked.ended[outcome(status)].add(1);
        asked.micros.add(took.as_micros() as u64);
        let within = SECONDS.iter().zip(&asked.within).filter(|(bound, _)| took.as_secs_f64() <= **bound);
        within.for_each(|(_, counter)| counter.add(1));
    }

    fn place(slow: Slow) -> usize {
        match slow {
            Slow::Silent => 0,
            Slow::Head => 1,
            Slow::Idle => 2,
            Slow::Body => 3,
        }
    }

    /// The page that Prometheus reads.
    pub(super) fn page(&self, gauges: &[Gauge]) -> String {
        let mut page = Page(String::new());
        page.counter("windrow_received_bytes_total", "Bytes that came.", &[("", &self.received)]);
        page.counter("windrow_sent_bytes_total", "Bytes that went.", &[("", &self.sent)]);
        page.counter("windrow_connections_total", "Connections that were taken.", &[("", &self.accepted)]);
        let help = "Connections for which there was no place.";
        page.counter("windrow_connections_turned_away_total", help, &[("", &self.turned_away)]);
        let help = "TLS handshakes that failed.";
        page.counter("windrow_handshakes_failed_total", help, &[("", &self.handshakes_failed)]);
        let cut = [Slow::Silent, Slow::Head, Slow::Idle, Slow::Body].map(|slow| &self.cut[Metrics::place(slow)]);
        let whys = ["why=\"silent\"", "why=\"head\"", "why=\"idle\"", "why=\"body\""];
        let help = "Connections that were cut off, and why.";
        page.counter("windrow_connections_cut_total", help, &whys.into_iter().zip(cut).collect::<Vec<_>>());
        self.requests(&mut page);
        gauges.iter().for_each(|gauge| page.gauge(gauge));
        page.0
    }

    fn requests(&self, page: &mut Page) {
        page.head("windrow_requests_total", "Requests by what they ask for and how they end.", "counter");
        for (question, name) in Question::ALL {
            for (outcome, ended) in OUTCOMES.iter().zip(&self.asked[question as usize].ended) {
                let labels = format!("{{verb=\"{name}\",outcome=\"{outcome}\"}}");
                page.line("windrow_requests_total", &labels, ended.get());
            }
        }
        page.head("windrow_request_seconds", "How long requests took, from head to answer.", "histogram");
        for (question, name) in Question::ALL {
            let asked = &self.asked[question as usize];
            for (bound, within) in SECONDS.iter().zip(&asked.within) {
                page.line(
                    "windrow_request_seconds_bucket",
                    &format!("{{verb=\"{name}\",le=\"{bound}\"}}"),
                    within.get(),
                );
            }
            let count = asked.ended.iter().map(Counter::get).sum::<u64>();
            page.line("windrow_request_seconds_bucket", &format!("{{verb=\"{name}\",le=\"+Inf\"}}"), count);
            let seconds = asked.micros.get() as f64 / 1e6;
            page.line("windrow_request_seconds_sum", &format!("{{verb=\"{name}\"}}"), seconds);
            page.line("windrow_request_seconds_count", &format!("{{verb=\"{name}\"}}"), count);
        }
    }
}

/// A page in the making.
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, help: &str, kind: &str) {
        // A String takes whatever is written to it.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, counters: &[(&str, &Counter)]) {
        self.head(name, help, "counter");
        for (labels, counter) in counters {
            let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            self.line(name, &labels, counter.get());
        }
    }

    fn gauge(&mut self, gauge: &Gauge) {
        self.head(gauge.name, gauge.help, "gauge");
        self.line(gauge.name, "", gauge.value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bucket that does not hold those below it makes every percentile of a dashboard wrong.
    #[test]
    fn buckets_hold_those_below_them() {
        let metrics = Metrics::default();
        for (status, millis) in [(200, 3), (200, 300), (503, 0)] {
            metrics.answered(Question::Commit, status, Duration::from_millis(millis));
        }
        let page = metrics.page(&[Gauge { name: "windrow_seq", help: "The last commit.", value: 7 }]);
        let says = |line: &str| assert!(page.lines().any(|l| l == line), "{line} is not in\n{page}");
        says("windrow_request_seconds_bucket{verb=\"commit\",le=\"0.001\"} 1");
        says("windrow_request_seconds_bucket{verb=\"commit\",le=\"0.005\"} 2");
        says("windrow_request_seconds_bucket{verb=\"commit\",le=\"1\"} 3");
        says("windrow_request_seconds_bucket{verb=\"commit\",le=\"+Inf\"} 3");
        says("windrow_request_seconds_sum{verb=\"commit\"} 0.303");
        says("windrow_requests_total{verb=\"commit\",outcome=\"busy\"} 1");
        says("windrow_requests_total{verb=\"pull\",outcome=\"ok\"} 0");
        says("windrow_seq 7");
    }

    #[test]
    fn addresses_are_counted_by_what_they_ask_for() {
        for (path, question) in [
            ("/v1/prepare", Question::Prepare),
            ("/v1/upload", Question::Upload),
            ("/v1/enrol", Question::Enrol),
            ("/v1/history", Question::Other),
        ] {
            assert_eq!(Question::of(path), question);
        }
        assert_eq!(Question::of("/pull").name(), "other");
    }
}
