//! What both drivers share: their arguments, and how they tell what became of the upload.
//!
//! DRIVER ENDPOINT FILE [NAME=VALUE ...]: `tries` is how often `upload` is called again on the same
//! URL after it failed (1: not at all), `chunk_size` is in bytes, `override` uses the method
//! override. They print {"url", "done"} as JSON; what went wrong, to stderr.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

pub const PAUSE: Duration = Duration::from_millis(500);

pub struct Arguments {
    pub endpoint: String,
    pub file: PathBuf,
    pub tries: usize,
    pub chunk_size: usize,
    pub method_override: bool,
}

impl Arguments {
    pub fn read() -> Self {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let options: HashMap<&str, &str> =
            words[2..].iter().filter_map(|word| word.split_once('=')).collect();
        let number = |name: &str, otherwise: usize| {
            options.get(name).map_or(otherwise, |value| value.parse().expect("a number"))
        };
        Arguments {
            endpoint: words[0].clone(),
            file: PathBuf::from(&words[1]),
            tries: number("tries", 1),
            chunk_size: number("chunk_size", 5 * 1024 * 1024),
            method_override: options.contains_key("override"),
        }
    }
}

pub fn tell(url: Option<&str>, done: bool) -> ExitCode {
    let url = url.map_or("null".to_owned(), |url| format!("\"{url}\""));
    println!("{{\"url\": {url}, \"done\": {done}}}");
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
