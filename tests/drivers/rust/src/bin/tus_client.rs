//! Upload a file with the crate tus_client. Arguments and output: see the library.

use drivers::{tell, Arguments, PAUSE};
use std::process::ExitCode;
use tus_client::Client;

fn main() -> ExitCode {
    let given = Arguments::read();
    let http = reqwest_09::Client::new();
    let client = match given.method_override {
        true => Client::with_method_override(http),
        false => Client::new(http),
    };
    let url = match client.create(&given.endpoint, &given.file) {
        Ok(url) => url,
        Err(error) => {
            eprintln!("create: {error}");
            return tell(None, false);
        }
    };
    for _ in 0..given.tries {
        match client.upload_with_chunk_size(&url, &given.file, given.chunk_size) {
            Ok(()) => return tell(Some(&url), true),
            Err(error) => eprintln!("upload: {error}"),
        }
        std::thread::sleep(PAUSE);
    }
    tell(Some(&url), false)
}
