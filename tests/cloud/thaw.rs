use crate::deployed::{Deployed, PASSWORD};

/// Lambda freezes a function between two events for minutes. Its connection to the table ends meanwhile.
#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_not_noticed() {
    let mut service = Deployed::new().await;
    let register = service.start("register").await;
    let login = service.start("login").await;
    register.register("alice", None).await.assert_status(201);
    for frozen in [false, true] {
        if frozen {
            register.freeze();
            login.freeze();
        }
        service.proxy.close_connections().await;
        let before = service.proxy.connections();
        let thaw = async {
            register.thaw();
            login.thaw();
        };
        let (name, email) = if frozen { ("bob", "bob@example.com") } else { ("carol", "carol@example.com") };
        let (registered, logged_in, ()) =
            tokio::join!(register.register(name, Some(email)), login.login("alice", PASSWORD), thaw);
        registered.assert_status(201);
        logged_in.assert_status(200);
        assert_eq!(service.proxy.connections() - before, 2);
    }
}

/// A firewall drops a connection without a packet to either end.
#[tokio::test]
async fn a_connection_that_leads_nowhere_is_given_up_for_a_new_one() {
    let service = Deployed::new().await;
    let register = service.start("register").await;
    let login = service.start("login").await;
    register.register("alice", None).await.assert_status(201);
    let forgotten = service.proxy.connections();
    service.proxy.forget_connections();
    let (registered, logged_in) =
        tokio::join!(register.register("bob", None), login.login("alice", PASSWORD));
    for (response, status) in [(registered, 201), (logged_in, 200)] {
        response.assert_status(status).trace.assert_in_time();
    }
    login.login("alice", PASSWORD).await.assert_status(200);
    assert_eq!(service.proxy.connections() - forgotten, 2, "each function opens one and keeps it");
}
