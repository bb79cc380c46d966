//! RSA keys in OpenSSH's own forms (RFC 4253 section 6.6, and `PROTOCOL.key` of OpenSSH).

use base64::{Engine, prelude::BASE64_STANDARD};

use super::key::{KeyError, Parts, PublicKey};

const MAGIC: &[u8] = b"openssh-key-v1\0";
const RSA: &[u8] = b"ssh-rsa";

/// The numbers of a private key, as RFC 8017 names them.
pub(super) struct Numbers {
    pub(super) public: PublicKey,
    pub(super) exponent: Vec<u8>,
    pub(super) primes: [Vec<u8>; 2],
    pub(super) prime_exponents: [Vec<u8>; 2],
    pub(super) coefficient: Vec<u8>,
}

/// The public key with this base64 text.
pub(super) fn public(base64: &str) -> Result<PublicKey, KeyError> {
    let bytes = BASE64_STANDARD.decode(base64).map_err(|_| KeyError::Form)?;
    let mut rest = &bytes[..];
    if string(&mut rest)? != RSA {
        return Err(KeyError::Form);
    }
    let (exponent, modulus) = (string(&mut rest)?, string(&mut rest)?);
    Ok(PublicKey::new(modulus, exponent))
}

/// The private key in these bytes of a PEM file.
pub(super) fn private(bytes: &[u8]) -> Result<Parts, KeyError> {
    let mut rest = bytes.strip_prefix(MAGIC).ok_or(KeyError::Form)?;
    let cipher = string(&mut rest)?;
    if cipher != b"none" {
        return Err(KeyError::Encrypted);
    }
    let (_derivation, _options) = (string(&mut rest)?, string(&mut rest)?);
    if number(&mut rest)? != 1 {
        return Err(KeyError::Form);
    }
    let _public = string(&mut rest)?;
    let mut key = string(&mut rest)?;
    // Two equal numbers show that the decryption succeeded.
    if number(&mut key)? != number(&mut key)? || string(&mut key)? != RSA {
        return Err(KeyError::Form);
    }
    let mut integer = || string(&mut key).map(without_zeros);
    let public = PublicKey::new(&integer()?, &integer()?);
    let (exponent, coefficient) = (integer()?, integer()?);
    let primes = [integer()?, integer()?];
    let prime_exponents = primes.each_ref().map(|prime| remainder(&exponent, &minus_one(prime)));
    Ok(Parts::Numbers(Box::new(Numbers { public, exponent, primes, prime_exponents, coefficient })))
}

fn number(rest: &mut &[u8]) -> Result<u32, KeyError> {
    let (number, others) = rest.split_first_chunk::<4>().ok_or(KeyError::Form)?;
    *rest = others;
    Ok(u32::from_be_bytes(*number))
}

fn string<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], KeyError> {
    let length = number(rest)? as usize;
    let (string, others) = rest.split_at_checked(length).ok_or(KeyError::Form)?;
    *rest = others;
    Ok(string)
}

fn without_zeros(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}

/// One less than an odd number.
fn minus_one(number: &[u8]) -> Vec<u8> {
    let mut number = number.to_vec();
    number.last_mut().into_iter().for_each(|last| *last &= !1);
    number
}

/// The remainder of a division of big-endian numbers, bit by bit. It runs once, when a key is loaded.
fn remainder(number: &[u8], by: &[u8]) -> Vec<u8> {
    // One byte more than the divisor, for the bit that is shifted out.
    let mut rest = vec![0; by.len() + 1];
    let by: Vec<u8> = [&[0], by].concat();
    for bit in number.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)) {
        let mut carry = bit;
        for byte in rest.iter_mut().rev() {
            (*byte, carry) = (*byte << 1 | carry, *byte >> 7);
        }
        if rest >= by && by.iter().any(|byte| *byte != 0) {
            let mut borrow = false;
            for (byte, other) in rest.iter_mut().zip(&by).rev() {
                let (difference, first) = byte.overflowing_sub(*other);
                let (difference, second) = difference.overflowing_sub(u8::from(borrow));
                (*byte, borrow) = (difference, first || second);
            }
        }
    }
    without_zeros(&rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_remainder_is_that_of_integers(number: u128, by in 1..u64::MAX) {
            let found = remainder(&number.to_be_bytes(), &by.to_be_bytes());
            let found = found.iter().fold(0, |whole, byte| whole << 8 | u128::from(*byte));
            prop_assert_eq!(found, number % u128::from(by));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = private(&[MAGIC, &bytes].concat());
            let _ = public(&BASE64_STANDARD.encode(bytes));
        }
    }
}
