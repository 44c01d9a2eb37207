// rustc --target wasm32-wasip1 -O hello.rs -o hello.wasm
use std::collections::HashMap;
use std::io::Read;

/// Counts how often each letter stands in standard input.
fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("standard input is text");
    let mut letters: HashMap<char, usize> = HashMap::new();
    for letter in text.chars().filter(|letter| letter.is_alphabetic()) {
        *letters.entry(letter).or_insert(0) += 1;
    }
    let mut sorted: Vec<_> = letters.into_iter().collect();
    sorted.sort();
    for (letter, count) in sorted {
        println!("{letter} {count}");
    }
}
