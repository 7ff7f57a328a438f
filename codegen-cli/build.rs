//! A template that is added is put into the command too: the compiler watches only those that it has seen.

fn main() {
    println!("cargo:rerun-if-changed=../templates");
}
