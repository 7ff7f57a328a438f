use windrow::domain;

domain!(NOTHING = []);
domain!(pub SURVEY [Farm]);

fn main() {}
