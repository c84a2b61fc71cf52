//! Names in messages: those that there are, and the one that was probably meant.
//!
//! A typo is answered with its nearest neighbours, so that nobody has to look up a schema at night.

/// Names listed in a message before it says "and so many more".
const NAMES_SHOWN_MAX: usize = 20;

/// The nearest name, as a question.
pub(crate) fn suggestion(nearest: &[String]) -> String {
    match nearest.first() {
        Some(name) => format!("; did you mean {name:?}?"),
        None => String::new(),
    }
}

/// Names in a row, the first of them.
pub(crate) fn name_list(names: &[String]) -> String {
    let shown = names.len().min(NAMES_SHOWN_MAX);
    let mut list = names[..shown].join(", ");
    if names.len() > shown {
        list.push_str(&format!(" and {} more", names.len() - shown));
    }
    if list.is_empty() {
        "none".to_owned()
    } else {
        list
    }
}

/// Names within an edit distance of a third of their length, nearest first.
pub(crate) fn nearest_names(name: &str, available: &[String]) -> Vec<String> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    let mut near: Vec<(usize, &String)> = available
        .iter()
        .map(|candidate| (edit_distance(&wanted, candidate), candidate))
        .filter(|(distance, _)| *distance <= (wanted.len() / 3).max(1))
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter()
        .map(|(_, candidate)| candidate.clone())
        .collect()
}

/// Levenshtein distance, one row at a time.
fn edit_distance(wanted: &[char], candidate: &str) -> usize {
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    for (at, found) in candidate.to_lowercase().chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        for (idx, &want) in wanted.iter().enumerate() {
            let above = row[idx + 1];
            row[idx] = left;
            left = (diagonal + usize::from(want != found))
                .min(left + 1)
                .min(above + 1);
            diagonal = above;
        }
        row[wanted.len()] = left;
    }
    row[wanted.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_column() {
        let available = ["sym", "side", "price", "amount"].map(str::to_owned);
        assert_eq!(nearest_names("prise", &available), ["price"]);
        assert_eq!(nearest_names("AMOUNT", &available), ["amount"]);
        assert!(nearest_names("volume", &available).is_empty());
        let distance = |a: &str, b| edit_distance(&a.chars().collect::<Vec<_>>(), b);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
