//! How often one device, or one address, may ask: a bucket of tokens for each, in bounded memory.

use super::limits::Limits;
use crate::lock::lock;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use warp::http::{HeaderMap, header};

/// Whoever is remembered at most: some megabytes.
const REMEMBERED: usize = 1 << 16;
/// Bundles of one device a minute.
const BUNDLES: u32 = 12;
const MINUTE: f64 = 60.0;

/// Who has asked how often.
#[derive(Debug)]
pub(super) struct Rates {
    /// Requests a minute, and at once.
    of_device: u32,
    of_address: u32,
    hasher: RandomState,
    buckets: Mutex<HashMap<u64, Bucket>>,
}

/// What somebody may still ask.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Rates {
    pub(super) fn new(limits: &Limits) -> Rates {
        let (of_device, of_address) = (limits.device_a_minute, limits.address_a_minute);
        Rates { of_device, of_address, hasher: RandomState::new(), buckets: Mutex::default() }
    }

    /// Notes a request, from this address and with these headers.
    ///
    /// # Errors
    /// How long until it may come again.
    pub(super) fn note(&self, from: IpAddr, headers: &HeaderMap, now: Instant) -> Result<(), Duration> {
        // What comes from this machine comes through a proxy, as a rule, which speaks for many.
        if !from.to_canonical().is_loopback() {
            self.take((0, from), self.of_address, now)?;
        }
        let token = headers.get(header::AUTHORIZATION);
        token.map_or(Ok(()), |token| self.take((1, token.as_bytes()), self.of_device, now))
    }

    /// Notes a bundle of the device that is known by this key. Whoever has a copy of one could have it answered without end.
    ///
    /// # Errors
    /// How long until another may come.
    pub(super) fn note_bundle(&self, from: &[u8; 32], now: Instant) -> Result<(), Duration> {
        self.take((2, from), BUNDLES, now)
    }

    fn take(&self, who: impl Hash, a_minute: u32, now: Instant) -> Result<(), Duration> {
        let (key, most) = (self.hasher.hash_one(who), f64::from(a_minute.max(1)));
        let mut buckets = lock(&self.buckets);
        if buckets.len() >= REMEMBERED && !buckets.contains_key(&key) {
            // Whoever has not asked for a minute has all its tokens again, and need not be remembered.
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at).as_secs_f64() < MINUTE);
            if buckets.len() >= REMEMBERED {
                return Ok(());
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: most, at: now });
        bucket.take(most, now)
    }
}

impl Bucket {
    fn take(&mut self, most: f64, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens, self.at) = ((self.tokens + passed * most / MINUTE).min(most), now);
        if self.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - self.tokens) * MINUTE / most));
        }
        self.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const FAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn rates(of_device: u32, of_address: u32) -> Rates {
        Rates::new(&Limits { device_a_minute: of_device, address_a_minute: of_address, ..Limits::default() })
    }

    fn of(token: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, token.parse().unwrap())])
    }

    /// One tablet whose application asks in a loop takes the hub from everybody else.
    #[test]
    fn a_device_that_asks_in_a_loop_is_held_back_and_the_others_are_not() {
        let (rates, now) = (rates(6, 1_000), Instant::now());
        let asks = |token: &str, after: u64| rates.note(HERE, &of(token), now + Duration::from_secs(after));
        assert!((0..6).all(|_| asks("Bearer a", 0).is_ok()));
        assert_eq!(asks("Bearer a", 0), Err(Duration::from_secs(10)));
        assert!(asks("Bearer b", 0).is_ok());
        assert!(asks("Bearer a", 10).is_ok() && asks("Bearer a", 10).is_err());
    }

    /// Behind a proxy on the same machine all devices have one address.
    #[test]
    fn an_address_is_held_back_unless_it_is_this_machine() {
        let (rates, now, nothing) = (rates(1, 2), Instant::now(), HeaderMap::new());
        assert!((0..9).all(|_| rates.note(HERE, &nothing, now).is_ok()));
        let far: Vec<_> = (0..3).map(|_| rates.note(FAR, &nothing, now).is_ok()).collect();
        assert_eq!(far, [true, true, false]);
    }

    /// Whoever invents a token for each request would fill the memory.
    #[test]
    fn nobody_is_remembered_for_ever() {
        let (rates, now) = (rates(5, 1), Instant::now());
        for n in 0..REMEMBERED + 10 {
            rates.take(n, 5, now).unwrap();
        }
        assert_eq!(rates.buckets.lock().unwrap().len(), REMEMBERED);
        rates.take("new", 5, now + Duration::from_secs(61)).unwrap();
        assert_eq!(rates.buckets.lock().unwrap().len(), 1);
    }
}
