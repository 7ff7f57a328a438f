//! demo
use crate::cli;
use crate::fault::Fault;
use crate::said::Said;
pub(crate) async fn run(_: cli::Demo, _: bool) -> Result<Option<Said>, Fault> { Ok(None) }
