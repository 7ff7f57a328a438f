use windrow::domain;

struct Farm;

domain!(SURVEY = [Farm]);

fn main() {}
