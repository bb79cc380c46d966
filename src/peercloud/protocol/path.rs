/// What a request asks for: the first segment of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// `/join`: a newcomer asks to be let in.
    Join,
    /// `/status`: a check.
    Status,
    /// `/joined`: somebody was let in.
    Joined,
    /// `/left`: somebody is gone.
    Left,
    /// `/update`: a member has new data.
    Update,
    /// `/message`: a message of the application.
    Message,
}

impl Path {
    clacks_transport::all_variants! {
        /// Every path.
        pub const ALL: Self = [Join, Status, Joined, Left, Update, Message];
    }

    /// The path as it is sent, with the slash.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Join => "/join",
            Self::Status => "/status",
            Self::Joined => "/joined",
            Self::Left => "/left",
            Self::Update => "/update",
            Self::Message => "/message",
        }
    }

    /// The path of a request, in upper or lower case and with anything behind it after `/`, `.` or `?`, as the package
    /// accepts it. `None` for any other path.
    pub fn of(path: &str) -> Option<Self> {
        let end = path.get(1..)?.find(['/', '.', '?']).map_or(path.len(), |end| end + 1);
        Self::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(&path[..end]))
    }

    /// Whether the sender must be a member.
    pub fn needs_member(self) -> bool {
        !matches!(self, Self::Join | Self::Status)
    }
}
