//! Every key as it is before the user says otherwise, one row a line.

use super::Place;

/// One row of the table.
#[derive(Debug)]
pub(super) struct Row {
    /// The keys, with spaces between them; the first is the one to hint at.
    pub(super) keys: &'static str,
    pub(super) places: &'static [Place],
    /// `{peer}` and `{message}` stand for what is selected, `{key}` for the key that was pressed.
    pub(super) command: &'static str,
    /// For the hints; empty if it is not to be hinted at.
    pub(super) hint: &'static str,
    /// For the help.
    pub(super) does: &'static str,
}

macro_rules! rows {
    ($($keys:literal, $places:expr, $command:literal, $hint:literal, $does:literal;)*) => {
        &[$(Row { keys: $keys, places: $places, command: $command, hint: $hint, does: $does }),*]
    };
}

const LISTS: &[Place] = &[Place::Peers, Place::Queue, Place::Traffic, Place::Map];
/// Where a peer can be selected: in its list, or as the peer of a row of the traffic.
const WITH_PEER: &[Place] = &[Place::Peers, Place::Traffic, Place::Map];
/// Where rows can be marked.
const MARKED: &[Place] = &[Place::Peers, Place::Queue, Place::Held];
/// Where marks are taken away: also where no row has one.
const UNMARKED: &[Place] = &[Place::Peers, Place::Queue, Place::Traffic, Place::Map, Place::Held];
/// Where a picture can be opened: also over another.
const LOOKING: &[Place] =
    &[Place::Peers, Place::Queue, Place::Traffic, Place::Map, Place::Overlay, Place::OpenMap, Place::Held];
const QUEUE: &[Place] = &[Place::Queue];
/// Where a message can be selected.
const QUEUE_AND_TRAFFIC: &[Place] = &[Place::Queue, Place::Traffic];
const OVERLAY: &[Place] = &[Place::Overlay, Place::OpenMap, Place::Held];
/// What is written and not drawn.
const TEXT: &[Place] = &[Place::Overlay];
/// What is too long for the screen.
const PAGED: &[Place] = &[Place::Overlay, Place::Held];
const SEARCH: &[Place] = &[Place::Search];
const OPEN_MAP: &[Place] = &[Place::OpenMap];
const MAPS: &[Place] = &[Place::Map, Place::OpenMap];
const HELD: &[Place] = &[Place::Held];
const MENU: &[Place] = &[Place::Menu];
const REPLAY: &[Place] = &[Place::Replay];
const INPUT: &[Place] = &[Place::Input];
const CHOICES: &[Place] = &[Place::Choices];
const RECALL: &[Place] = &[Place::Recall];

/// Every key, in the order in which hints and help list them.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = rows![
    "i", LISTS, ":say", "say", "write a message";
    ":", LISTS, ":prompt :", "cmd", "write a command";
    "? f1", LISTS, ":help", "keys", "list what can be done now";
    "q", LISTS, ":quit", "quit", "stop the node and leave";
    "ctrl-c", LISTS, ":interrupt", "", "ask before leaving; a second time leaves";
    "/", LISTS, ":prompt :filter ", "filter", "show only the traffic that a filter admits";
    "enter", LISTS, ":open", "open", "show all of what is selected";
    "tab", LISTS, ":next-pane", "pane", "go to the next list";
    "shift-tab", LISTS, ":previous-pane", "", "go to the list before";
    "I", WITH_PEER, ":ignore {peer}", "ignore", "ignore the selected peer";
    "U", WITH_PEER, ":unignore {peer}", "unignore", "take the ignore back";
    "u", LISTS, ":undo", "undo", "undo the last command that changed something, for ten seconds";
    "a", WITH_PEER, ":announce {peer}", "announce", "announce this node to the selected peer";
    "F", WITH_PEER, ":forget {peer}", "forget", "remove the selected peer from the list, if the next key is y";
    "x del", QUEUE, ":drop {message}", "drop", "take the selected message out of the queue";
    "h", QUEUE, ":hold {message}", "hold", "hold the selected message: it is not sent until it is released";
    "e", QUEUE, ":edit {message}", "edit", "edit the selected message; it is held meanwhile";
    "E", QUEUE, ":edit-in-editor {message}", "", "edit the selected message in your own editor: $VISUAL, $EDITOR or vi";
    "H", LISTS, ":held", "held", "list the messages that are held";
    "b", QUEUE_AND_TRAFFIC, ":biography", "life", "tell the life of the selected message";
    "O", LISTS, ":overhead", "", "list the messages that keep coming back";
    "W", LISTS, ":why", "", "show how the receivers of messages are chosen";
    "v", MARKED, ":mark", "", "mark what is selected, or take the mark away; keys act on all that is marked";
    "V", UNMARKED, ":unmark", "unmark", "take all marks away";
    "up k", LISTS, ":up", "", "one up";
    "down j", LISTS, ":down", "", "one down";
    "pgup ctrl-b", LISTS, ":page-up", "", "one page up";
    "pgdn ctrl-f", LISTS, ":page-down", "", "one page down";
    "home g", LISTS, ":top", "", "to the first";
    "end G", LISTS, ":bottom", "", "to the last; in the traffic: follow what comes";
    "1 2 3 4 5 6 7 8 9", LISTS, ":station {key}", "", "tune in to the station of this number, or out again";
    "0", LISTS, ":filter", "", "show all traffic";
    "esc", LISTS, ":close", "", "take the filter of the traffic off";
    "space", LISTS, ":hold-still", "still", "hold the screen still while the node goes on, or let it go on";
    "z", LISTS, ":zoom", "zoom", "give the list all of the screen, or make room for the others again";
    "y", LISTS, ":copy", "", "copy what is selected";
    "Y", LISTS, ":copy all", "", "copy everything that is marked or, without marks, shown";
    "m", LISTS, ":mouse", "", "release the mouse to select text, or take it back";
    "t", LISTS, ":prompt :theme ", "", "choose a theme; each is shown as its name is written";
    "ctrl-z", LISTS, ":suspend", "", "stop the program until the shell continues it";
    "ctrl-l", LISTS, ":redraw", "", "draw the screen anew";

    "r", HELD, ":release {message}", "release", "put the selected held message at the tail of the queue";
    "e", HELD, ":edit {message}", "edit", "edit the selected held message";
    "E", HELD, ":edit-in-editor {message}", "editor", "edit the selected held message in your own editor";
    "x del", HELD, ":drop {message}", "drop", "drop the selected held message";
    "R", HELD, ":release all", "release all", "release all held messages";
    "f", HELD, ":prompt :hold ", "filter", "hold all that a filter admits, now and as it comes";
    "F", HELD, ":unhold", "no filter", "hold no more by the filter; what is held stays so until it is released";
    "enter", OVERLAY, ":open", "", "open what is selected in a list; close anything else";
    "esc q ctrl-c", OVERLAY, ":close", "close", "close what is open";
    "? f1", OVERLAY, ":help", "keys", "list what can be done now";
    "/", OVERLAY, ":search", "search", "look for text in what is shown; with capitals, for just those";
    "n", OVERLAY, ":next-match", "next match", "to the next place where it was found";
    "N", OVERLAY, ":previous-match", "", "to the place before";
    "tab right", TEXT, ":next-pane", "next", "to the next chart";
    "shift-tab left", TEXT, ":previous-pane", "", "to the chart before";
    "up k", OVERLAY, ":up", "", "one line up";
    "down j", OVERLAY, ":down", "down", "one line down";
    "pgup ctrl-b", PAGED, ":page-up", "", "one page up";
    "pgdn space ctrl-f", PAGED, ":page-down", "page", "one page down";
    "home g", PAGED, ":top", "", "to the start";
    "end G", PAGED, ":bottom", "", "to the end";
    "left", MAPS, ":go-left", "", "on the map: to the next tower on the left";
    "right", MAPS, ":go-right", "", "on the map: to the next tower on the right";
    "f", MAPS, ":filter peer=\"{peer}\"", "its traffic", "on the map: show only the traffic of the selected peer";
    "z", OPEN_MAP, ":close", "", "close the map";
    "space", OPEN_MAP, ":hold-still", "hold", "hold the screen still, or let it go on";
    "I", OVERLAY, ":ignore {peer}", "ignore", "ignore the peer that is shown";
    "U", OVERLAY, ":unignore {peer}", "unignore", "take the ignore back";
    "u", OVERLAY, ":undo", "undo", "undo the last command that changed something, for ten seconds";
    "a", OVERLAY, ":announce {peer}", "announce", "announce this node to the peer that is shown";
    "b", OVERLAY, ":biography", "", "tell the life of the message that is shown";
    "y", OVERLAY, ":copy", "copy", "copy what is shown";
    "M", LOOKING, ":map", "map", "show the peers on a map";
    "C", LOOKING, ":charts", "", "show charts of the last minutes";
    "T", LOOKING, ":tower", "", "watch messages pass through the clacks tower";
    "L", LOOKING, ":limits", "", "show the limits: how much of each is used, and how often each was met";
    "ctrl-z", OVERLAY, ":suspend", "", "stop the program until the shell continues it";
    "ctrl-l", OVERLAY, ":redraw", "", "draw the screen anew";

    "enter", SEARCH, ":send", "keep", "stay where it was found; n and N go on";
    "esc", SEARCH, ":leave", "back", "go back to where the search began";
    "down", SEARCH, ":next-match", "next", "to the next place where it was found";
    "up", SEARCH, ":previous-match", "before", "to the place before";
    "ctrl-c ctrl-u", SEARCH, ":clear", "", "empty what is looked for; go back if it is empty";
    "ctrl-z", SEARCH, ":suspend", "", "stop the program until the shell continues it";
    "ctrl-l", SEARCH, ":redraw", "", "draw the screen anew";

    "enter", MENU, ":choose", "do it", "do what is selected, or begin to write it";
    "esc ? f1 ctrl-c", MENU, ":close", "close", "close the list";
    "up ctrl-p", MENU, ":up", "up", "one up";
    "down ctrl-n", MENU, ":down", "down", "one down";
    "pgup ctrl-b", MENU, ":page-up", "", "one page up";
    "pgdn ctrl-f", MENU, ":page-down", "page", "one page down";
    "home", MENU, ":top", "", "to the first";
    "end", MENU, ":bottom", "", "to the last";
    "ctrl-u", MENU, ":clear", "", "empty what narrows the list";
    "ctrl-z", MENU, ":suspend", "", "stop the program until the shell continues it";
    "ctrl-l", MENU, ":redraw", "", "draw the screen anew";

    "enter", INPUT, ":send", "send", "send the message or run the command";
    "esc", INPUT, ":leave", "back to the lists, the draft stays", "leave the input; the draft stays";
    "tab", INPUT, ":complete", "complete", "complete the command or what it takes; without a command, leave the input";
    "shift-tab", INPUT, ":complete-back", "", "the same, from the last choice on";
    "f1", INPUT, ":help", "", "list what can be done now";
    "ctrl-c", INPUT, ":clear", "clear", "empty the input; leave it if it is empty";
    "up", INPUT, ":history-back", "history", "what was sent before";
    "down", INPUT, ":history-on", "", "what was sent after";
    "ctrl-r", INPUT, ":search-history", "", "search what was sent before";
    "left", INPUT, ":left", "", "one character back";
    "right", INPUT, ":right", "", "one character on; at the end, take what is suggested there";
    "ctrl-left alt-left alt-b", INPUT, ":word-left", "", "one word back";
    "ctrl-right alt-right alt-f", INPUT, ":word-right", "", "one word on";
    "home ctrl-a", INPUT, ":line-start", "", "to the start";
    "end ctrl-e", INPUT, ":line-end", "", "to the end; at the end, take what is suggested there";
    "ctrl-w", INPUT, ":delete-word", "", "delete the word before the cursor";
    "ctrl-u", INPUT, ":delete-before", "", "delete what is before the cursor";
    "ctrl-k", INPUT, ":delete-behind", "", "delete what is behind the cursor";
    "ctrl-y", INPUT, ":put-back", "", "put back what was deleted last";
    "ctrl-z", INPUT, ":suspend", "", "stop the program until the shell continues it";
    "ctrl-l", INPUT, ":redraw", "", "draw the screen anew";

    "tab down", CHOICES, ":complete", "next", "the next choice";
    "shift-tab up", CHOICES, ":complete-back", "previous", "the choice before";
    "enter", CHOICES, ":take", "take", "take the choice; what is typed takes it as well";
    "esc ctrl-g ctrl-c", CHOICES, ":take-back", "back", "go back to what was written";

    "ctrl-r up", RECALL, ":search-history", "older", "what was sent before that";
    "enter tab right end", RECALL, ":take", "take", "take the line into the input";
    "esc ctrl-g ctrl-c", RECALL, ":take-back", "back", "go back to what was written";
    "ctrl-z", RECALL, ":suspend", "", "stop the program until the shell continues it";
    "ctrl-l", RECALL, ":redraw", "", "draw the screen anew";

    "p", REPLAY, ":pause", "pause", "stand still, or go on";
    ".", REPLAY, ":step", "step", "take one event and stand still";
    "+", REPLAY, ":speed +", "faster", "play twice as fast";
    "-", REPLAY, ":speed -", "", "play half as fast";
    "[", REPLAY, ":jump -10s", "back", "go back by ten seconds";
    "]", REPLAY, ":jump +10s", "on", "go on by ten seconds";
    "{", REPLAY, ":jump -1m", "", "go back by a minute";
    "}", REPLAY, ":jump +1m", "", "go on by a minute";
];
