//! Upload a file with the crate tus_async_client. Arguments and output: see the library.

use drivers::{tell, Arguments, PAUSE};
use std::process::ExitCode;
use std::sync::Arc;
use tus_async_client::{Client, HttpHandler};

async fn upload(given: &Arguments) -> ExitCode {
    let http = HttpHandler::new(Arc::new(reqwest_011::Client::new()));
    let client = match given.method_override {
        true => Client::with_method_override(http),
        false => Client::new(http),
    };
    let url = match client.create(&given.endpoint, &given.file).await {
        Ok(url) => url,
        Err(error) => {
            eprintln!("create: {error}");
            return tell(None, false);
        }
    };
    for _ in 0..given.tries {
        match client.upload_with_chunk_size(&url, &given.file, given.chunk_size).await {
            Ok(()) => return tell(Some(&url), true),
            Err(error) => eprintln!("upload: {error}"),
        }
        std::thread::sleep(PAUSE);
    }
    tell(Some(&url), false)
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(upload(&Arguments::read()))
}
