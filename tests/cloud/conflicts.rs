use std::time::Duration;

use crate::deployed::Deployed;
use crate::proxy::Fault;

#[tokio::test]
async fn a_registration_that_meets_others_at_the_item_is_tried_again() {
    for (name, email) in [("alice", None), ("bob", Some("bob@example.com"))] {
        let service = Deployed::new().await;
        let register = service.start("register").await;
        service.proxy.calls();
        service.proxy.next(2, Fault::Conflict);
        register.register(name, email).await.assert_status(201);
        assert_eq!(service.proxy.calls().len(), 3, "{name}");
    }
}

#[tokio::test]
async fn a_registration_that_always_meets_others_is_given_up() {
    let mut service = Deployed::new().await;
    let register = service.start("register").await;
    for (name, email) in [("alice", None), ("bob", Some("bob@example.com"))] {
        service.proxy.calls();
        service.proxy.always(Fault::Conflict);
        register.register(name, email).await.assert_unavailable();
        assert_eq!(service.proxy.calls().len(), 5, "{name}");
        assert_eq!(service.engine.keys().await, [""; 0]);
        service.proxy.pass();
        register.register(name, email).await.assert_status(201);
        for key in service.engine.keys().await {
            service.engine.delete(&key).await;
        }
    }
}

#[tokio::test]
async fn even_conflicts_of_a_slow_table_are_given_up_in_time() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    service.proxy.always(Fault::Conflict);
    service.proxy.delay(Duration::from_millis(900));
    register.register("bob", Some("bob@example.com")).await.assert_unavailable();
}
