use super::*;

#[test]
fn all_spellings_of_a_peer_share_one_trusted_certificate() {
    for (spelling, other, is_same) in [
        ("Tower.example.org", "tower.EXAMPLE.org", true),
        ("::1", "0:0:0:0:0:0:0:1", true),
        ("2001:db8::a", "2001:0DB8:0:0::A", true),
        ("::ffff:127.0.0.1", "::ffff:7f00:1", true),
        ("tower", "tower.example.org", false),
        ("::1", "::2", false),
        ("127.0.0.1", "::ffff:127.0.0.1", true),
    ] {
        let trust = Trust::default();
        let [one, another] = [spelling, other].map(|hostname| Address::new(hostname, 80).unwrap());
        let [first, second] = [1, 2].map(|byte| CertificateFingerprint([byte; 32]));
        assert!(trust.pin_first(&one, first).is_ok());
        assert_eq!(trust.pin_first(&another, second).is_err(), is_same, "{spelling} and {other}");
        assert_eq!(trust.check(&another, first).is_err(), !is_same, "{spelling} and {other}");
    }
}

#[test]
fn the_user_accepts_only_the_certificate_refused_at_the_last_contact() {
    let trust = Trust::default();
    let [first, second] = [1, 2].map(|byte| CertificateFingerprint([byte; 32]));
    let peer = named(0);
    assert_eq!(trust.accept(&peer), TrustChange::Nothing);
    trust.pin_first(&peer, first).unwrap();
    assert_eq!(trust.accept(&peer), TrustChange::Unchanged(first));
    // Another server was there for a while.
    assert!(trust.check(&peer, second).is_err());
    trust.pin_first(&peer, first).unwrap();
    assert_eq!(trust.accept(&peer), TrustChange::Unchanged(first));
    assert_eq!(trust.pinned(&peer), Some(first));
    // It is there now.
    assert!(trust.check(&peer, second).is_err());
    assert!(
        matches!(trust.accept(&peer), TrustChange::Accepted { certificate, .. } if certificate == second)
    );
    assert_eq!(trust.accept(&peer), TrustChange::Unchanged(second), "once");

    let restored = Trust::default();
    restored.restore(trust.pins());
    assert_eq!(restored.accept(&peer), TrustChange::Reset);
    assert_eq!((restored.pinned(&peer), restored.accept(&peer)), (None, TrustChange::Nothing));
}

#[tokio::test]
async fn only_changes_by_the_user_are_saved_without_delay() {
    type Change = fn(&Trust, &Address);
    const FIRST: CertificateFingerprint = CertificateFingerprint([1; 32]);
    let changes: [(Change, bool); 5] = [
        (|trust, peer| trust.forget(peer, false), false),
        (|trust, peer| trust.forget(peer, true), true),
        (|trust, peer| _ = trust.accept(peer), true),
        (|trust, _| trust.pin_first(&named(1), CertificateFingerprint([2; 32])).unwrap(), false),
        (
            |trust, _| {
                (1..MAX_OTHERS).for_each(|number| trust.pin_first(&named(number), FIRST).unwrap());
                trust.sweep([]);
                assert!(trust.pins().len() < MAX_OTHERS);
            },
            false,
        ),
    ];
    for (number, (change, is_by_user)) in changes.into_iter().enumerate() {
        let trust = Trust::default();
        trust.pin_first(&named(0), FIRST).unwrap();
        change(&trust, &named(0));
        let noted = trust.changed();
        let noted = tokio::time::timeout(Duration::ZERO, noted.by_user()).await;
        assert_eq!(noted.is_ok(), is_by_user, "{number}");
    }
}

#[test]
fn only_the_latest_refused_certificates_are_remembered() {
    let trust = Trust::default();
    let [first, second] = [1, 2].map(|byte| CertificateFingerprint([byte; 32]));
    for number in 0..=MAX_REFUSED {
        trust.pin_first(&named(number), first).unwrap();
        assert!(trust.check(&named(number), second).is_err());
    }
    assert_eq!(trust.tables().refused.len(), MAX_REFUSED);
    assert_eq!(trust.accept(&named(0)), TrustChange::Unchanged(first));
    assert!(matches!(trust.accept(&named(MAX_REFUSED)), TrustChange::Accepted { .. }));
}

#[test]
fn a_new_certificate_does_not_cause_a_sweep_of_all() {
    let trust = Trust::default();
    for number in 0..MAX_OTHERS - 1 {
        trust.pin_first(&named(number), CertificateFingerprint([1; 32])).unwrap();
        assert!(!trust.has_many(), "{number}");
    }
    trust.pin_first(&named(MAX_OTHERS), CertificateFingerprint([1; 32])).unwrap();
    assert!(trust.has_many());
    // The peers stay, so the number of certificates is unchanged. The next sweep is due half the maximum later.
    trust.sweep((0..=MAX_OTHERS).map(named));
    for number in MAX_OTHERS + 1..MAX_OTHERS + MAX_OTHERS / 2 {
        assert!(!trust.has_many(), "{number}");
        trust.pin_first(&named(number), CertificateFingerprint([1; 32])).unwrap();
    }
    trust.pin_first(&named(2 * MAX_OTHERS), CertificateFingerprint([1; 32])).unwrap();
    assert!(trust.has_many());
}

fn named(number: usize) -> Address {
    Address::new(&format!("n{number}.example.org"), 80).unwrap()
}

#[test]
fn only_the_latest_certificates_of_former_peers_are_remembered() {
    let trust = Trust::default();
    let certificate = CertificateFingerprint([1; 32]);
    let (accepted, peer) = (named(0), named(1));
    trust.pin_first(&accepted, CertificateFingerprint([0; 32])).unwrap();
    assert!(trust.pin_first(&accepted, certificate).is_err());
    assert!(
        matches!(trust.accept(&accepted), TrustChange::Accepted { certificate: new, .. } if new == certificate)
    );
    let shouted = Address::new(&peer.hostname().to_uppercase(), 80).unwrap();
    let (mut most, made_up) = (0, 3 * MAX_OTHERS);
    for number in 1..=made_up {
        trust.pin_first(&named(number), certificate).unwrap();
        if trust.has_many() {
            trust.sweep([shouted.clone()]);
        }
        if number.is_multiple_of(512) {
            most = most.max(trust.pins().len() - 2);
        }
    }
    assert!((MAX_OTHERS / 2..=MAX_OTHERS).contains(&most), "{most}");
    let is_known = |number: usize| trust.pinned(&named(number)).is_some();
    assert!(is_known(0), "the user's word");
    assert!(is_known(1), "a peer, however it is spelled");
    assert!(!is_known(2) && (made_up - MAX_OTHERS / 2 + 1..=made_up).all(is_known), "the latest");

    let restored = Trust::default();
    restored.restore(trust.pins());
    restored.sweep([]);
    assert!(restored.pinned(&accepted).is_some() && restored.pinned(&peer).is_none());
    assert!(restored.pinned(&named(made_up)).is_some());
}
