//! Matrices, with the operations that a chain of levels needs.

use std::ops::{Add, Mul, Sub};

/// Numbers in rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matrix {
    columns: usize,
    cells: Vec<f64>,
}

impl Matrix {
    /// Returns a matrix with these numbers of rows and columns, each cell computed from its row and column.
    pub(super) fn of(rows: usize, columns: usize, cell: impl Fn(usize, usize) -> f64) -> Self {
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        Self {
            columns,
            cells: cells.map(|(row, column)| cell(row, column)).collect(),
        }
    }

    /// Returns the identity matrix.
    pub(super) fn identity(size: usize) -> Self {
        Self::of(size, size, |row, column| f64::from(row == column))
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.cells.chunks_exact(self.columns)
    }

    pub(super) fn at(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.columns + column]
    }

    /// Returns the largest absolute value.
    pub(super) fn largest(&self) -> f64 {
        self.cells
            .iter()
            .fold(0.0, |largest, cell| cell.abs().max(largest))
    }

    /// Returns the product with a column.
    pub(super) fn times(&self, column: &[f64]) -> Vec<f64> {
        self.rows()
            .map(|row| row.iter().zip(column).map(|(cell, it)| cell * it).sum())
            .collect()
    }

    /// Returns the inverse of a square M-matrix: positive on the diagonal, not positive elsewhere, and with a
    /// non-negative inverse. Such a matrix needs no exchange of rows (Gauss and Jordan).
    pub(super) fn inverse(mut self) -> Self {
        let size = self.columns;
        for at in 0..size {
            let (above, rest) = self.cells.split_at_mut(at * size);
            let (pivot_row, below) = rest.split_at_mut(size);
            let pivot = 1.0 / pivot_row[at];
            pivot_row[at] = 1.0;
            for cell in pivot_row.iter_mut() {
                *cell *= pivot;
            }
            let others = above
                .chunks_exact_mut(size)
                .chain(below.chunks_exact_mut(size));
            for row in others {
                let factor = std::mem::take(&mut row[at]);
                if factor != 0.0 {
                    add_multiple(row, -factor, pivot_row);
                }
            }
        }
        self
    }
}

/// Adds `factor` times `other` to `row`.
fn add_multiple(row: &mut [f64], factor: f64, other: &[f64]) {
    for (cell, other) in row.iter_mut().zip(other) {
        *cell += factor * other;
    }
}

impl Mul for &Matrix {
    type Output = Matrix;
    fn mul(self, other: &Matrix) -> Matrix {
        let mut cells = Vec::with_capacity(self.cells.len() / self.columns * other.columns);
        for row in self.rows() {
            let mut product = vec![0.0; other.columns];
            for (factor, line) in row.iter().zip(other.rows()) {
                // The first products are mostly zero.
                if *factor != 0.0 {
                    add_multiple(&mut product, *factor, line);
                }
            }
            cells.extend(product);
        }
        Matrix {
            columns: other.columns,
            cells,
        }
    }
}

impl Mul<f64> for Matrix {
    type Output = Self;
    fn mul(mut self, factor: f64) -> Self {
        for cell in &mut self.cells {
            *cell *= factor;
        }
        self
    }
}

impl Add<&Matrix> for Matrix {
    type Output = Self;
    fn add(mut self, other: &Self) -> Self {
        add_multiple(&mut self.cells, 1.0, &other.cells);
        self
    }
}

impl Sub<&Matrix> for Matrix {
    type Output = Self;
    fn sub(mut self, other: &Self) -> Self {
        add_multiple(&mut self.cells, -1.0, &other.cells);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_undoes_its_matrix() {
        // Diagonally dominant.
        let matrix = Matrix::of(7, 7, |row, column| {
            if row == column {
                9.0 + row as f64
            } else {
                -1.0 / (1.0 + (row + 2 * column) as f64)
            }
        });
        let product = &matrix.clone().inverse() * &matrix;
        assert!((product - &Matrix::identity(7)).largest() < 1e-14);
    }

    #[test]
    fn oblong_matrices_multiply_as_they_should() {
        let one = Matrix::of(2, 3, |row, column| (1 + row * 3 + column) as f64);
        let other = Matrix::of(3, 1, |row, _| (row + 1) as f64);
        let product = &one * &other;
        assert_eq!((product.at(0, 0), product.at(1, 0)), (14.0, 32.0));
        assert_eq!(one.times(&[1.0, 2.0, 3.0]), [14.0, 32.0]);
    }
}
