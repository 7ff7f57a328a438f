//! What the hub refused: it stays here until somebody has mended it, or given it up.

use std::error::Error;
use windrow::Store;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Forgets the change of this number
    #[arg(long, value_name = "NUMBER")]
    dismiss: Option<i64>,
}

pub fn run(store: &Store, args: &Args) -> Result<(), Box<dyn Error>> {
    let all = store.refused()?;
    if let Some(number) = args.dismiss {
        let meant = all.iter().find(|refused| refused.number == number);
        store.dismiss(meant.ok_or("nothing that was refused has this number")?)?;
        return Ok(());
    }
    for refused in all {
        println!("{}: {}", refused.number, refused.sentence);
        println!("   {}", refused.change);
    }
    Ok(())
}
