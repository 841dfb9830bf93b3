//! Responds to every request with one constant: the cost of the Lambda runtime alone.

use std::convert::Infallible;

use lambda_http::{Body, Error, Request, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::from("hello"))) })).await
}
