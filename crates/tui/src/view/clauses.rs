//! Sentences in limited space: if they do not fit, whole sentences are left out, and whole clauses of the
//! first, so that none ends in its middle.

use super::canvas::{cut, width_of, wrap};

/// Returns as many sentences as fit into `room` lines of `width` columns: a line for each, or all together.
pub(super) fn in_lines(sentences: &[String], room: usize, width: u16) -> Vec<String> {
    if room == 0 || sentences.is_empty() {
        return Vec::new();
    }
    let fewer = (1..=sentences.len()).rev();
    let mut fewer = fewer.map(|count| lines_of(&sentences[..count], room, width));
    if let Some(lines) = fewer.find(|lines| lines.len() <= room) {
        return lines;
    }
    let parts: Vec<&str> = sentences[0].split("; ").collect();
    let fewer = (1..parts.len()).rev();
    let mut fewer = fewer.map(|count| wrap(&format!("{}.", parts[..count].join("; ")), width));
    fewer
        .find(|lines| lines.len() <= room)
        .unwrap_or_else(|| cut_short(wrap(&sentences[0], width), room, width))
}

/// Returns as much of a text as fits into one line.
pub(super) fn in_a_line(text: &str, width: u16) -> String {
    in_lines(&sentences(text), 1, width).concat()
}

/// Returns a claim in one line: if it does not fit, it ends before a colon or comma, or else after a whole
/// word.
pub(super) fn claim(text: &str, width: u16) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let ends = text
        .match_indices([':', ','])
        .map(|(place, _)| &text[..place]);
    let mut parts = ends.filter(|part| width_of(part) <= width && part.contains(' '));
    parts.next_back().map_or_else(
        || cut_short(wrap(text, width.saturating_sub(2)), 1, width).concat(),
        str::to_owned,
    )
}

/// Splits a text into sentences.
pub(super) fn sentences(text: &str) -> Vec<String> {
    let is_end = |place: &usize| {
        let behind = text[place + 2..].chars().next();
        behind.is_some_and(char::is_uppercase)
    };
    let ends = text.match_indices(". ").map(|(place, _)| place);
    let mut sentences = Vec::new();
    let mut from = 0;
    for end in ends.filter(is_end) {
        sentences.push(text[from..=end].to_owned());
        from = end + 2;
    }
    sentences.push(text[from..].to_owned());
    sentences
}

/// Returns a line for each sentence if those fit, or all of them as one text.
fn lines_of(sentences: &[String], room: usize, width: u16) -> Vec<String> {
    let is_short = |sentence: &String| width_of(sentence) <= width;
    let joined = sentences.join(" ");
    let one_line_each = sentences.len() <= room || !is_short(&joined);
    if one_line_each && sentences.iter().all(is_short) {
        sentences.to_vec()
    } else {
        wrap(&joined, width)
    }
}

/// Returns the first lines of a longer clause; the last one ends with `…`.
fn cut_short(mut lines: Vec<String>, room: usize, width: u16) -> Vec<String> {
    lines.truncate(room);
    if let Some(last) = lines.last_mut() {
        *last = cut(&format!("{last} …"), width);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_that_is_too_long_ends_with_a_clause_or_a_word() {
        let concurrency =
            "Concurrency is not parallelism: only processes on cores compute at the same time";
        for (text, width, line) in [
            (concurrency, 80, concurrency),
            (concurrency, 78, "Concurrency is not parallelism"),
            (concurrency, 30, "Concurrency is not parallelism"),
            (concurrency, 29, "Concurrency is not …"),
            ("Waiting is free, if you let go", 29, "Waiting is free"),
            ("Unbreakable, as it is", 14, "Unbreakable, …"),
        ] {
            assert_eq!(claim(text, width), line, "{width}");
        }
    }

    const INTERVENTION: &str =
        "60 a second come now, not 30. Four workers could answer 40, if each waited.";

    #[test]
    fn text_without_room_is_left_out_by_whole_sentences_and_clauses() {
        let caption = "Both workers are blocked in a wait; 29 requests are at the door.";
        for (text, width, line) in [
            (INTERVENTION, 80, INTERVENTION),
            (INTERVENTION, 74, "60 a second come now, not 30."),
            (caption, 64, caption),
            (caption, 63, "Both workers are blocked in a wait."),
            ("A wait of 1.5 s. It ends.", 20, "A wait of 1.5 s."),
            ("Nothing of this fits.", 12, "Nothing of …"),
        ] {
            assert_eq!(in_a_line(text, width), line);
        }
    }

    #[test]
    fn two_lines_hold_two_sentences_or_one_that_is_longer() {
        let text = sentences("One is short. The other one is longer.");
        assert_eq!(in_lines(&text, 2, 24), text);
        assert_eq!(in_lines(&text, 2, 19), ["One is short."]);
        assert_eq!(
            in_lines(&text, 2, 20),
            ["One is short. The", "other one is longer."]
        );
    }
}
