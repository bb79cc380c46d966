//! Bodies as the package sends them, keys and signatures, and what is refused.

use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};

use super::*;

fn limits() -> BodyLimits {
    BodyLimits::default()
}

fn decode(path: Path, body: &str) -> Result<Request, BodyError> {
    Request::decode(path, body.as_bytes(), &limits())
}

fn nested(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

#[test]
fn a_join_of_the_package_is_read() {
    let body =
        r#"{"id":"b4d8e6d6-b40c-46b2-a901-365b7592dcea","ip":null,"port":41003,"data":{"name":"node2"}}"#;
    let Ok(Request::Join(join)) = decode(Path::Join, body) else { panic!("it is a join") };
    assert_eq!(join.id.unwrap().as_str(), "b4d8e6d6-b40c-46b2-a901-365b7592dcea");
    assert_eq!((join.ip, join.port, join.data.as_str()), (None, 41003, r#"{"name":"node2"}"#));
    let Ok(Request::Join(join)) = decode(Path::Join, "{}") else { panic!("it is a join") };
    assert_eq!((join.id, join.port, join.data.as_str()), (None, 9338, "{}"));
}

#[test]
fn an_answer_of_the_package_to_a_join_is_read() {
    let body = r#"{"status":"joined","id":"b4d8e6d6","ip":"::ffff:127.0.0.1","port":41003,
        "self":{"id":"d34a77ca","data":{"name":"node0"}},
        "peers":[{"id":"872f6cc0","ip":"::ffff:127.0.0.1","port":41002,"data":{"name":"node1"}},
            {"id":"ours","ip":"h","port":"9338"}]}"#;
    let answer = JoinAnswer::decode(body.as_bytes(), &limits()).unwrap();
    assert_eq!(answer.seen_as.unwrap().as_str(), "127.0.0.1");
    assert_eq!((answer.server.as_str(), answer.server_data.as_str()), ("d34a77ca", r#"{"name":"node0"}"#));
    let addresses: Vec<String> = answer.members.iter().map(|member| member.address.to_string()).collect();
    assert_eq!(addresses, ["127.0.0.1:41002", "h:9338"]);
}

#[test]
fn our_own_bodies_are_those_of_the_package() {
    let record = Record {
        id: Id::new("872f6cc0").unwrap(),
        address: "[::ffff:127.0.0.1]:41002".parse().unwrap(),
        data: Json::new(r#"{"n":1.0}"#, 99, 9).unwrap(),
    };
    let joined = r#"{"id":"872f6cc0","ip":"127.0.0.1","port":41002,"data":{"n":1.0}}"#;
    assert_eq!(Request::Joined(record.clone()).encode(), joined);
    let (me, data) = (Id::new("d34a77ca").unwrap(), Json::empty_object());
    let answer = JoinAnswer::encode((&record.id, &record.address), (&me, &data), [&record].into_iter());
    let expected = format!(
        r#"{{"status":"joined","id":"872f6cc0","ip":"127.0.0.1","port":41002,"self":{{"id":"d34a77ca","data":{{}}}},"peers":[{joined}]}}"#
    );
    assert_eq!(answer, Answer { status: 200, body: expected });
    let status = StatusAnswer::encode(&me, true, false);
    assert_eq!(status.body, r#"{"id":"d34a77ca","online":true,"listening":true,"joined":false}"#);
    assert_eq!(Request::Left(me.clone()).encode(), r#"{"id":"d34a77ca"}"#);
    assert_eq!(Acknowledgement::Removed.encode().body, r#"{"status":"removed"}"#);
    let join = JoinRequest { id: Some(me), ip: None, port: 9338, data };
    assert_eq!(Request::Join(join).encode(), r#"{"id":"d34a77ca","ip":null,"port":9338,"data":{}}"#);
}

#[test]
fn a_path_is_read_without_case_and_with_anything_behind_it() {
    for path in Path::ALL {
        for text in [path.as_str().to_owned(), path.as_str().to_ascii_uppercase()] {
            for behind in ["", "/", "/x", ".json", "?a=b"] {
                assert_eq!(Path::of(&format!("{text}{behind}")), Some(path), "{text}{behind}");
            }
        }
    }
    for text in ["", "/", "join", "/joinx", "//join", "/check", "/joined_", "é/join"] {
        assert_eq!(Path::of(text), None, "{text}");
    }
}

#[test]
fn each_field_is_checked() {
    let long_id = format!(r#"{{"id":"{}","ip":"h","port":1}}"#, "a".repeat(129));
    let deep_data = format!(r#"{{"id":"a","ip":"h","port":1,"data":{}}}"#, nested(126));
    let long_data = format!(r#"{{"id":"a","ip":"h","port":1,"data":"{}"}}"#, "a".repeat(16 << 10));
    for (body, status, reason) in [
        ("", 400, "body: not JSON"),
        ("[]", 400, "not a JSON object"),
        ("null", 400, "not a JSON object"),
        (r#"{"ip":"h","port":1}"#, 400, "id: missing"),
        (r#"{"id":"","ip":"h","port":1}"#, 400, "id: an id has"),
        (r#"{"id":"a b","ip":"h","port":1}"#, 400, "id: an id has"),
        (r#"{"id":7,"ip":"h","port":1}"#, 400, "id: not text"),
        (&long_id, 400, "id: an id has"),
        (r#"{"id":"a","port":1}"#, 400, "ip: missing"),
        (r#"{"id":"a","ip":{},"port":1}"#, 400, "ip: not text"),
        (r#"{"id":"a","ip":"a b","port":1}"#, 400, "ip: the host"),
        (r#"{"id":"a","ip":"127.1","port":1}"#, 400, "ip: the host"),
        (r#"{"id":"a","ip":"0.0.0.0","port":1}"#, 400, "ip: no node can be there"),
        (r#"{"id":"a","ip":"169.254.169.254","port":1}"#, 400, "ip: no node can be there"),
        (r#"{"id":"a","ip":"h"}"#, 400, "port: missing"),
        (r#"{"id":"a","ip":"h","port":0}"#, 400, "port: not a whole"),
        (r#"{"id":"a","ip":"h","port":65536}"#, 400, "port: not a whole"),
        (r#"{"id":"a","ip":"h","port":"+1"}"#, 400, "port: not a whole"),
        (r#"{"id":"a","ip":"h","port":1e999}"#, 400, "port: not a whole"),
        (&deep_data, 400, "data: nested deeper than 125"),
        (&long_data, 413, "data: more than 16384 bytes"),
    ] {
        let error = decode(Path::Joined, body).unwrap_err();
        assert!(error.to_string().contains(reason) && error.status() == status, "{body}: {error}");
    }
    let double = r#"{"id":"a","id":"b","ip":"h","port":1,"send":7,"p\u006frt":"2"}"#;
    let Ok(Request::Joined(record)) = decode(Path::Joined, double) else { panic!("the last key counts") };
    assert_eq!((record.id.as_str(), record.address.port), ("b", 2));
}

#[test]
fn the_reason_of_a_refusal_does_not_repeat_the_body() {
    let long = format!("\"{}\"", "x".repeat(90_000));
    let is_short = |error: &BodyError| error.to_string().len() < 300;
    for path in [Path::Join, Path::Joined, Path::Left, Path::Update] {
        let error = decode(path, &long).unwrap_err();
        assert!(is_short(&error), "{path:?}: {} bytes", error.to_string().len());
    }
    let status = StatusAnswer::decode(long.as_bytes()).unwrap_err();
    let joined = |server: &str, peers: &str| {
        let body = format!(r#"{{"status":"joined","self":{server},"peers":{peers}}}"#);
        JoinAnswer::decode(body.as_bytes(), &limits()).unwrap_err()
    };
    for error in [status, joined(&long, "[]"), joined(r#"{"id":"s"}"#, &long)] {
        assert!(is_short(&error), "{} bytes", error.to_string().len());
    }
}

#[test]
fn a_message_is_an_object_or_an_array_of_bounded_depth_and_size() {
    for body in ["{}", "[]", r#"{"hi":"Ünï 漢 🙂"}"#, " { } "] {
        assert!(decode(Path::Message, body).is_ok(), "{body}");
    }
    for body in ["", "7", "\"text\"", "null", "{", "{}{}", "\u{feff}{}"] {
        assert_eq!(decode(Path::Message, body).unwrap_err().status(), 400, "{body}");
    }
    assert!(decode(Path::Message, &nested(128)).is_ok());
    assert_eq!(decode(Path::Message, &nested(129)).unwrap_err().status(), 400);
    assert_eq!(decode(Path::Message, &nested(20_000)).unwrap_err().status(), 400);
    let long = format!("[\"{}\"]", "a".repeat(102_400 - 4));
    assert!(decode(Path::Message, &long).is_ok());
    assert_eq!(decode(Path::Message, &format!("{long} ")).map(|_| ()), Ok(()), "white space is no value");
    assert_eq!(decode(Path::Message, &long.replacen('a', "aa", 1)).unwrap_err().status(), 413);
    assert_eq!(Request::decode(Path::Message, b"{\"\xff\":1}", &limits()), Err(BodyError::NotUtf8));
}

/// Each of these ends a node of the package.
#[test]
fn answers_that_end_the_package_are_errors() {
    for body in ["", "null", "[]", "7", r#"{"id":7}"#] {
        assert!(StatusAnswer::decode(body.as_bytes()).is_err(), "{body}");
    }
    for body in [
        "",
        "null",
        r#"{"status":"joined"}"#,
        r#"{"status":"joined","self":{"id":"a"}}"#,
        r#"{"status":"joined","peers":[]}"#,
        r#"{"status":"joined","self":{"id":"a"},"peers":{}}"#,
        r#"{"status":"joined","self":null,"peers":[]}"#,
        r#"{"status":"other","self":{"id":"a"},"peers":[]}"#,
    ] {
        assert!(JoinAnswer::decode(body.as_bytes(), &limits()).is_err(), "{body}");
    }
}

#[test]
fn invalid_records_of_an_answer_are_left_out_and_counted() {
    let limits = BodyLimits { max_members: 2, ..limits() };
    let record = |id: &str| format!(r#"{{"id":"{id}","ip":"h","port":1}}"#);
    let peers = [record("a"), "7".to_owned(), r#"{"id":"b","ip":7}"#.to_owned(), record("c"), record("d")];
    let body = format!(r#"{{"status":"joined","self":{{"id":"s"}},"peers":[{}]}}"#, peers.join(","));
    let answer = JoinAnswer::decode(body.as_bytes(), &limits).unwrap();
    let ids: Vec<&str> = answer.members.iter().map(|member| member.id.as_str()).collect();
    assert_eq!((ids, answer.left_out), (vec!["a", "c"], 3));
}

#[test]
fn a_status_is_read_as_javascript_reads_it() {
    let read = |body: &str| {
        let StatusAnswer { id, online, joined } = StatusAnswer::decode(body.as_bytes()).unwrap();
        (id.map(|id| id.to_string()), online, joined)
    };
    let id = || Some("a".to_owned());
    assert_eq!(
        read(r#"{"id":"a","online":true,"listening":true,"joined":false}"#),
        (id(), true, Some(false))
    );
    assert_eq!(read(r#"{"id":"a","online":0,"joined":true}"#), (id(), false, Some(true)));
    assert_eq!(read("{}"), (None, true, None));
}

#[test]
fn ids_are_random_uuids_in_lower_case() {
    let mut rng = StdRng::seed_from_u64(7);
    let ids: Vec<Id> = (0..100).map(|_| Id::random(&mut rng)).collect();
    for id in &ids {
        let parts: Vec<&str> = id.as_str().split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
        assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{id}");
        assert!(parts.concat().bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    }
    let distinct: std::collections::HashSet<&Id> = ids.iter().collect();
    assert_eq!(distinct.len(), 100);
}

#[test]
fn an_address_is_written_with_brackets_and_a_default_port() {
    for (text, written) in [
        ("example.com:4444", "example.com:4444"),
        ("Example.COM", "example.com:9338"),
        ("127.0.0.1", "127.0.0.1:9338"),
        ("::1", "[::1]:9338"),
        ("[::1]", "[::1]:9338"),
        ("[::ffff:192.0.2.7]:1", "error"),
        ("[::ffff:8.8.8.8]:1", "8.8.8.8:1"),
        ("h:0", "error"),
        ("h:", "error"),
        ("", "error"),
    ] {
        let found = text.parse::<Address>().map_or_else(|_| "error".to_owned(), |found| found.to_string());
        assert_eq!(found, written, "{text}");
    }
}

mod signatures {
    use super::{
        super::test_keys::{FORMS, elliptic, signature_of_another_implementation, small},
        *,
    };

    const SPKI: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApT8OC854EjDoFUYfB8tciROfIJWP8lMqskrN7vZHZGX7wWkDqFjBnoTjhylT3beA4ySW/hK6aOP1PSQT3mUvD1LBxlrXHaJay8u8Wag9sw/BlBIMv9A8kH3WxJdEYac9quWI+TIcb2zKEaQgiuviq3IASeGxJW896s1VS0u/JEPCwPZKYG1PzX5Q1b4OCtXjOD0K70XfPZr4mxOV0Xn7Ee8/p/6mhBHENjcygOWMu2JrVxgcWWzZO3CV8cLG8DtfpZfZLSEjMMwIMTdSw42mDeE94Hoaj24gfqYlnf6AKJvQ7CBAWKaAPEN7eOnBeSlpmSNq5cHlNBxWW3ibU3+R2wIDAQAB";
    const SIGNATURE: &str = "jUYqHlckfXEtPGyW0MWGQjAAx9KZ52qDG+n6b934PxdiWZIUPYvNeuXAukMVnSWvFO4byc1y1u1jQCMbUPuJu1KgVRco5D/ErGN9D1alyyUjs0V2E/domH6qs6kTO5EzyEkgvUhzGOM7RmwFLV37g2D5dZsK0mZAnjf8fMczIvedursYBlM97NbxBghrKpq+/ZyI/eo4x0OKKyOzTjXWYkt1wIiBxXMujWa4FmDAt5hFTv2T5Qb8NjDrdD/Ml6/eBOPxtSZDDKRUoxmccpdyX2qb61XRmmHmLklbewB/BHh2MgwquZ9rPFDYoJt1Davc6o8KMUPzMMlZqhVIxRyzUw==";

    #[test]
    fn the_signature_of_the_later_package_verifies() {
        let key =
            PublicKey::from_text(&format!("-----BEGIN PUBLIC KEY-----\n{SPKI}\n-----END PUBLIC KEY-----\n"));
        let keys = [key.unwrap()];
        let good = Signature::new("1700000000000", SIGNATURE).unwrap();
        assert!(good.is_of_one_of(&keys));
        assert_eq!(good.timestamp().text(), "1700000000000");
        assert!(!good.is_of_one_of(&[]));
        assert!(!Signature::new("1700000000001", SIGNATURE).unwrap().is_of_one_of(&keys));
        assert!(!Signature::new("01700000000000", SIGNATURE).unwrap().is_of_one_of(&keys));
    }

    #[test]
    fn our_signatures_are_those_of_another_implementation() {
        let expected = signature_of_another_implementation(b"1700000000000");
        for form in [&FORMS.pkcs8, &FORMS.pkcs1, &FORMS.openssh] {
            let key = PrivateKey::from_text(form).unwrap();
            assert_eq!(key.sign(Timestamp(1_700_000_000_000).text().as_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn every_form_of_a_public_key_is_the_same_key() {
        let private = PrivateKey::from_text(&FORMS.pkcs8).unwrap();
        for form in [
            &FORMS.pkcs8,
            &FORMS.pkcs1,
            &FORMS.openssh,
            &FORMS.spki,
            &FORMS.pkcs1_public,
            &FORMS.openssh_public,
        ] {
            assert_eq!(&PublicKey::from_text(form).unwrap(), private.public(), "{form}");
        }
        assert!(!format!("{private:?}").contains("MII"));
    }

    #[test]
    fn a_key_that_cannot_be_used_is_refused_with_its_reason() {
        let encrypted = |tag, header: Option<(&str, &str)>| {
            let mut pem = pem::Pem::new(tag, [1, 2, 3]);
            header.into_iter().for_each(|(name, value)| pem.headers_mut().add(name, value).unwrap());
            pem::encode(&pem)
        };
        for (form, error) in [
            (small().as_str(), KeyError::TooSmall(1024)),
            (&encrypted("ENCRYPTED PRIVATE KEY", None), KeyError::Encrypted),
            (&encrypted("RSA PRIVATE KEY", Some(("Proc-Type", "4,ENCRYPTED"))), KeyError::Encrypted),
            (&elliptic(), KeyError::Form),
            ("", KeyError::Form),
            ("ssh-rsa AAAA", KeyError::Form),
            ("ssh-ed25519 AAAA", KeyError::Form),
        ] {
            assert_eq!(PublicKey::from_text(form), Err(error.clone()), "{form}");
            assert_eq!(PrivateKey::from_text(form).map(drop), Err(error), "{form}");
        }
        assert_eq!(PrivateKey::from_text(&FORMS.spki).map(drop), Err(KeyError::Form));
    }

    #[test]
    fn a_timestamp_has_digits_only() {
        for timestamp in ["", "hello", "+1", "-1", "1.0", " 1", "17000000000000000"] {
            assert_eq!(Signature::new(timestamp, SIGNATURE), Err(SignatureError::Timestamp), "{timestamp}");
        }
        for signature in ["!", &"A".repeat(4000)] {
            assert_eq!(Signature::new("1", signature), Err(SignatureError::Base64), "{signature}");
        }
        let without_padding = SIGNATURE.trim_end_matches('=');
        assert_eq!(Signature::new("1", without_padding), Signature::new("1", SIGNATURE));
    }
}

/// JSON with the fields of the protocol and values of every kind.
fn body() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        "-?[0-9]{1,6}(\\.[0-9])?",
        "\"[ -~é]{0,6}\"".prop_filter("valid JSON", |text| serde_json::from_str::<String>(text).is_ok()),
        Just("\"joined\"".to_owned()),
        Just("\"127.0.0.1\"".to_owned()),
        Just("\"9338\"".to_owned()),
        Just("{}".to_owned()),
        Just("[[{\"a\":1}]]".to_owned()),
    ];
    let key = prop::sample::select(vec!["id", "ip", "port", "data", "status", "self", "peers", "send"]);
    let object = prop::collection::vec((key, value), 0..6).prop_map(|fields| {
        let fields: Vec<String> = fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    });
    prop_oneof![3 => object, 1 => ".{0,30}"]
}

proptest! {
    #[test]
    fn no_body_panics_and_what_is_read_is_sent_as_it_was(body in body()) {
        for path in Path::ALL {
            if let Ok(request) = decode(path, &body) {
                prop_assert_eq!(request.path(), path);
                let again = decode(path, &request.encode());
                prop_assert_eq!(again, Ok(request), "{} {}", path.as_str(), body);
            }
        }
        let _ = StatusAnswer::decode(body.as_bytes());
        let peers = format!(r#"{{"status":"joined","self":{{"id":"s"}},"peers":[{body}]}}"#);
        let _ = JoinAnswer::decode(peers.as_bytes(), &limits());
    }

    #[test]
    fn no_text_of_a_key_panics(text in ".{0,200}", bytes: Vec<u8>) {
        let _ = PublicKey::from_text(&text);
        for tag in ["PUBLIC KEY", "RSA PUBLIC KEY", "PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
            let _ = PrivateKey::from_text(&pem::encode(&pem::Pem::new(tag, bytes.clone())));
        }
    }
}
