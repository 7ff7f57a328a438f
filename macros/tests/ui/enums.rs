use windrow::SyncableEnum;

#[derive(SyncableEnum)]
enum Status {
    Draft,
    #[syncable(rename = "draft")]
    Sent,
    Done(u8),
    #[syncable(renam = "x")]
    Lost,
    #[syncable(rename = "a\0b")]
    Odd,
}

#[derive(SyncableEnum)]
enum Empty {}

#[derive(SyncableEnum)]
enum Of<T> {
    One,
}

#[derive(SyncableEnum)]
struct Farm {
    name: String,
}

fn main() {}
