use clacks_feed::{
    Statuses,
    description::{StatusId, StatusSpec},
};

/// Statuses in at most `columns` columns, in the longest form that fits; the letter of the main one if none fits. The
/// main status is the first. The others stand behind it, because they apply in addition.
pub(super) fn in_columns(specs: &[StatusSpec], statuses: Statuses, columns: usize) -> String {
    let Some(main) = statuses.main() else { return String::new() };
    let others: Vec<StatusId> = statuses.iter().skip(1).collect();
    let letter = letter(specs, main);
    let mut word = format!("{letter} {}", name(specs, main));
    if others.is_empty() {
        return if word.chars().count() <= columns { word } else { letter.to_string() };
    }
    let letters: String = others.iter().map(|other| self::letter(specs, *other)).collect();
    // A sign such as `?` needs nothing between itself and the word.
    let is_sign = !letters.contains(char::is_alphanumeric);
    let brief = if is_sign { format!("{word}{letters}") } else { format!("{word} +{letters}") };
    for other in others {
        word.push_str(", ");
        word.push_str(&name(specs, other));
    }
    let forms = [word, brief, format!("{letter}{letters}")];
    forms.into_iter().find(|form| form.chars().count() <= columns).unwrap_or_else(|| letter.to_string())
}

/// The name of a status. A status that the description does not have is shown by its number.
pub(super) fn name(specs: &[StatusSpec], id: StatusId) -> String {
    specs.get(usize::from(id.0)).map_or_else(|| format!("status {}", id.0), |spec| spec.name.to_string())
}

fn letter(specs: &[StatusSpec], id: StatusId) -> char {
    specs.get(usize::from(id.0)).map_or('#', |spec| spec.letter)
}
