//! Lists of the variants of an enum.

/// Defines a constant array of all variants of an enum, within its `impl`. The enum has no fields. A variant that is
/// missing in the list is a compile error.
///
/// ```
/// # #[derive(Debug, PartialEq)]
/// enum Direction {
///     In,
///     Out,
/// }
///
/// impl Direction {
///     clacks_transport::all_variants! {
///         /// Every direction.
///         const ALL: Self = [In, Out];
///     }
/// }
/// assert_eq!(Direction::ALL, [Direction::In, Direction::Out]);
/// ```
///
/// ```compile_fail,E0004
/// enum Direction {
///     In,
///     Out,
/// }
///
/// impl Direction {
///     clacks_transport::all_variants! {
///         const ALL: Self = [In];
///     }
/// }
/// ```
#[macro_export]
macro_rules! all_variants {
    ($(#[$meta:meta])* $visibility:vis const $name:ident: Self = [$($variant:ident),+ $(,)?];) => {
        $(#[$meta])*
        $visibility const $name: [Self; [$(stringify!($variant)),+].len()] = {
            // It only checks that every variant is listed.
            let _ = |variant: &Self| match variant {
                $(Self::$variant => (),)+
            };
            [$(Self::$variant),+]
        };
    };
}
