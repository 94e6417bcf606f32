//! ASCII form of the screen, for terminals and fonts that have nothing else.
//!
//! Glyphs of requests and large digits are chosen by their views. The rest, marks and letters in titles, is
//! translated here, cell by cell, so that no view can leave any out.

use ratatui_core::buffer::Buffer;

/// Translates every cell that is not ASCII.
pub(super) fn translate(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let plain = cell.symbol().chars().next().map_or(' ', plain);
            cell.set_char(plain);
        }
    }
}

fn plain(character: char) -> char {
    match character {
        '×' | '✗' => 'x',
        '÷' => '/',
        '━' => '=',
        '–' | '─' => '-',
        '┄' => '.',
        '…' => '~',
        'µ' => 'u',
        '▸' | '→' | '≥' => '>',
        '≤' | '◂' | '←' => '<',
        '▾' | '↓' => 'v',
        '↑' => '^',
        '│' | '‖' | '▏' | '▕' => '|',
        '┌' | '┐' | '└' | '┘' => '+',
        '█' => '#',
        '✓' => 'y',
        _ => '?',
    }
}
