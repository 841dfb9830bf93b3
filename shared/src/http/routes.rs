//! Routes: a method and the end of a path.
//!
//! Stage, base path and custom domain change the beginning of a path; the end stays. A function finds its route by the last
//! segments of the path, compared one by one, and ignores trailing slashes. A path that ends like no route belongs to the
//! first route of the table, so that a function can be mounted anywhere.

use futures_util::future::BoxFuture;
use lambda_http::http::Method;

use super::{ApiError, ApiResponse, Request, RequestError};

/// A row of a function's table of routes.
#[derive(Debug)]
pub struct Route<F> {
    /// The method.
    pub method: Method,
    /// The end of the path: `/login` also matches `/prod/auth/login/`. A segment in braces stands for any segment.
    pub path: &'static str,
    /// Handles the request.
    pub handler: Handler<F>,
}

/// A handler of a function `F`.
pub type Handler<F> = for<'a> fn(&'a F, Request) -> BoxFuture<'a, Result<ApiResponse, RequestError>>;

/// The handler for a method and a path.
///
/// # Errors
///
/// [`ApiError::MethodNotAllowed`] with the methods of the path.
pub fn find<F>(routes: &[Route<F>], method: &Method, path: &str) -> Result<Handler<F>, ApiError> {
    let known = routes.iter().find(|route| ends_with(path, route.path));
    let path = known.or(routes.first()).map_or("", |route| route.path);
    let of_path: Vec<_> = routes.iter().filter(|route| route.path == path).collect();
    match of_path.iter().find(|route| route.method == *method) {
        Some(route) => Ok(route.handler),
        None => Err(ApiError::MethodNotAllowed {
            allow: of_path.iter().map(|route| route.method.clone()).collect(),
        }),
    }
}

fn ends_with(path: &str, end: &str) -> bool {
    let mut segments = path.trim_end_matches('/').rsplit('/');
    end.rsplit('/').filter(|segment| !segment.is_empty()).all(|segment| {
        let found = segments.next().unwrap_or_default();
        found == segment || (segment.starts_with('{') && !found.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: [Route<()>; 5] = [
        route(Method::POST, "/first"),
        route(Method::GET, "/sessions"),
        route(Method::DELETE, "/sessions"),
        route(Method::GET, "/email/confirm"),
        route(Method::PUT, "/rooms/{id}"),
    ];

    const fn route(method: Method, path: &'static str) -> Route<()> {
        Route { method, path, handler: |(), _| unreachable!() }
    }

    fn allowed(method: &Method, path: &str) -> Result<(), Vec<Method>> {
        match find(&ROUTES, method, path) {
            Ok(_) => Ok(()),
            Err(ApiError::MethodNotAllowed { allow }) => Err(allow),
            Err(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn a_route_is_found_by_the_end_of_its_path() {
        for path in ["/sessions", "/prod/sessions", "/auth/v1/sessions/", "sessions", "//sessions//"] {
            assert_eq!(allowed(&Method::GET, path), Ok(()), "{path}");
            assert_eq!(allowed(&Method::POST, path), Err(vec![Method::GET, Method::DELETE]), "{path}");
        }
        assert_eq!(allowed(&Method::GET, "/stage/email/confirm"), Ok(()));
    }

    #[test]
    fn a_segment_in_braces_is_any_segment() {
        for path in ["/rooms/1", "/prod/rooms/3xY_z/", "/rooms/rooms"] {
            assert_eq!(allowed(&Method::PUT, path), Ok(()), "{path}");
        }
        for path in ["/rooms", "/rooms/", "/rooms/1/2", "/prod/room/1"] {
            assert_eq!(allowed(&Method::PUT, path), Err(vec![Method::POST]), "{path}");
        }
    }

    #[test]
    fn any_other_path_is_the_first_routes() {
        for path in [
            "",
            "/",
            "/mounted/elsewhere",
            "/Sessions",
            "/mysessions",
            "/sessions/more",
            "/confirm",
            "/email/",
        ] {
            assert_eq!(allowed(&Method::POST, path), Ok(()), "{path}");
            assert_eq!(allowed(&Method::GET, path), Err(vec![Method::POST]), "{path}");
        }
    }
}
