use std::net::Ipv4Addr;

use tokio::net::TcpListener;

use super::*;

#[tokio::test]
async fn a_node_that_does_not_start_leaves_nothing_behind() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let builder = || Node::builder().hostname("127.0.0.1").port(0).data_dir(&directory);
    let wrong = [
        builder().send_rate(0.0),
        builder().options(|options| options.max_in_flight = 0),
        builder().hostname("no hostname"),
        builder().limits(|limits| limits.max_connections = 0),
        builder().hostname("0.0.0.0"),
        builder().port(taken.local_addr().unwrap().port()),
        builder().certificate(Path::new("/nowhere"), Path::new("/nowhere")),
    ];
    for builder in wrong {
        assert!(builder.clone().start().await.is_err(), "{builder:?}");
        assert!(!directory.exists(), "{builder:?}");
    }
    let node = builder().start().await.unwrap();
    assert!(directory.exists());
    node.stop().await;
}

#[tokio::test]
async fn a_hostname_without_possible_nodes_is_refused() {
    for hostname in ["0.0.0.0", "::", "0.1.2.3", "224.0.0.1", "ff02::1", "255.255.255.255", "169.254.169.254"]
    {
        let builder = Node::builder().hostname(hostname).port(0).listen(Ipv4Addr::LOCALHOST.into());
        let error = builder.start().await.unwrap_err().to_string();
        assert!(error.contains("other nodes cannot connect") && error.contains(hostname), "{error}");
    }
}

#[tokio::test]
async fn a_certificate_given_as_text_is_presented_and_not_saved() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let directory = tempfile::tempdir().unwrap();
    let builder = Node::builder().hostname("127.0.0.1").port(0).data_dir(directory.path());
    let given = builder.clone().certificate_pem(&certificate, &key);
    assert!(!format!("{given:?}").contains(&key[30..60]));
    let node = given.start().await.unwrap();
    assert_eq!(node.certificate(), certificate::fingerprint(made.cert.der()));
    assert!(!directory.path().join("key.pem").exists());
    node.stop().await;

    let another = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    for (key, reason) in [
        ("", "the key given holds no private key in PEM form"),
        (&certificate, "the key given holds no private key in PEM form"),
        (&another.signing_key.serialize_pem(), "the certificate given and the key given are not a"),
    ] {
        let error = builder.clone().certificate_pem(&certificate, key).start().await.unwrap_err();
        assert!(error.to_string().starts_with(reason), "{error}");
    }
    let error = builder.certificate_pem(&key, &key).start().await.unwrap_err();
    assert_eq!(error.to_string(), "the certificate given holds no certificate in PEM form");
}

#[test]
fn the_node_sends_the_requested_port() {
    for (port, told) in [(0, 1), (1, 1), (2, 2), (8080, 8080), (65_535, 65_535)] {
        let address = Node::builder().hostname("tower.example.org").port(port).check().unwrap();
        assert_eq!(address.port(), told);
    }
}
