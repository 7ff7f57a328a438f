//! What `--help` says of `--json`: the names here are what programs rely on.

/// What holds for every command.
pub(crate) const EVERYWHERE: &str = "\
With --json a command writes one JSON document to standard output. One that fails writes
  {\"error\": {\"kind\", \"message\"}}
where kind is: refused (a rule refuses it), file (the device's or another file), hub (the way to the hub, or the hub),
failed (the demo could not go on), usage.

Exit status: 0 done; 1 refused or failed; 2 wrong usage.

Ids are UUIDs, devices and origins 16 hexadecimal digits, times RFC 3339 in UTC. Each device's file is an ordinary SQLite
database with the tables farm, plot, worker and visit; ids in it are BLOBs of 16 bytes. Any program may write to it
between these commands; a file that was copied or restored must be opened by one of them first.";

/// `demo`
pub(crate) const DEMO: &str = "\
JSON: {\"ok\", \"checks\": [{\"name\", \"ok\"}], \"barley\": {\"farms\", \"plots\"}, \"foreign_program\",
  \"merged\": [{\"what\", \"rule\", \"result\"}],
  \"conflict\": {\"table\", \"id\", \"field\", \"candidates\": [{\"device\", \"at\", \"value\"}], \"chosen\"},
  \"equal\": {\"farm\", \"plot\", \"worker\", \"visit\"} (rows in each of the four databases),
  \"bytes\": {\"first_load\", \"day\"}, each {\"sent\", \"received\", \"records\", \"full_json\", \"ratio\"},
  \"seconds\", \"files\" (the folder, or null)}
Exit status 1 if a promise was broken.";

/// `hub`
pub(crate) const HUB: &str = "\
JSON, as soon as it listens: {\"url\", \"address\", \"db\"}. It serves until SIGINT or SIGTERM, and then exits with 0.
Only devices that have enrolled are served: see `invite`.";

/// `hub invite`
pub(crate) const INVITE: &str = "\
JSON: {\"user\", \"role\", \"code\", \"invitation\" (one line with address and code, or null), \"expires\"}
The code is a secret, and is shown this once.";

/// `hub devices`
pub(crate) const DEVICES: &str = "\
JSON: {\"devices\": [{\"device\", \"user\", \"role\", \"enrolled\", \"seen\" (or null), \"ended\" (or null)}]}
  ended: since when its token is turned away; it was revoked, or the device has enrolled again";

/// `hub revoke`
pub(crate) const REVOKE: &str = "JSON: {\"ended\"} (how many tokens and unused codes)";

/// `hub backup`
pub(crate) const BACKUP: &str = "JSON: {\"copy\", \"bytes\", \"seq\" (the last commit in it)}";

/// `device enrol`
pub(crate) const ENROL: &str = "JSON: {\"user\", \"role\"}";

/// `device init`
pub(crate) const INIT: &str = "JSON: {\"db\", \"device\", \"created\", \"warnings\": [sentence]}";

/// `device load`
pub(crate) const LOAD: &str = "\
JSON: {\"file\", \"farms\": {\"inserted\", \"present\"}, \"plots\": {\"inserted\", \"present\"}}";

/// `device sync`
pub(crate) const SYNC: &str = "\
JSON: {\"in_sync\", \"sent\" (log entries), \"refused\" (changes refused now), \"pending\" (log entries), \"conflicts\",
  \"checkpoint\"}";

/// `device export`
pub(crate) const EXPORT: &str = "JSON: {\"bundle\", \"bytes\", \"pending\" (log entries)}";

/// `device import`
pub(crate) const IMPORT: &str = "\
JSON: {\"imported\", \"pending\" (log entries), \"refused\" (changes refused now), \"conflicts\", \"checkpoint\"}
  imported: all; more (taken in, and there is more to ask: export again); nothing (it answers nothing any more: export
  again); waits (somebody must confirm what it would delete)
Exit status 1 if it waits, or the hub refused a change.";

/// `carry`, `hub bundle`
pub(crate) const CARRY: &str = "JSON: {\"answer\", \"bytes\"}";

/// `hub key`
pub(crate) const KEY: &str = "JSON: {\"key\"}";

/// `device watch`
pub(crate) const WATCH: &str = "\
JSON, at the end: {\"sessions\", \"failures\", \"pending\", \"last_contact\" (or null), \"error\"}
  error: why the last session failed; null where it did not";

/// `device status`
pub(crate) const STATUS: &str = "\
JSON: {\"db\", \"device\", \"pending_records\", \"pending_entries\", \"refused\", \"conflicts\", \"checkpoint\", \"clock\",
  \"last_contact\" (or null), \"bytes\", \"records\": {\"farm\", \"plot\", \"worker\", \"visit\"}, \"warnings\": [sentence]}";

/// `device conflicts`
pub(crate) const CONFLICTS: &str = "\
JSON: {\"conflicts\": [{\"table\", \"id\", \"about\" (fields, delete, unique), \"fields\",
  \"candidates\": [{\"number\", \"values\": {field: value}, \"device\", \"at\"}], \"other\" (or null)}]}";

/// `device resolve`
pub(crate) const RESOLVE: &str = "\
JSON: {\"table\", \"id\", \"about\", \"fields\", \"decision\" (candidate, value, keep), \"values\": {field: value}}
  values: those that were chosen; empty for keep";

/// `device refused`
pub(crate) const REFUSED: &str = "\
JSON: {\"refused\": [{\"number\", \"table\", \"id\", \"field\" (or null), \"change\", \"code\", \"sentence\", \"at\"}]}
  change: {\"operation\", \"values\", \"added\", \"chosen\"}, the last three where there are some, each {field: value}
JSON with --dismiss: {\"dismissed\": number}";

/// `device log`
pub(crate) const LOG: &str = "\
JSON: {\"entries\": [{\"stamp\", \"at\", \"device\", \"origin\", \"table\", \"id\", \"operation\", \"fields\", \"base\"}]}, oldest first
  operation: insert, update, delete, cascade (a foreign key took it), stale (a foreign key emptied it), resolve";
