// Small two-dimensional arrays: { data, height, width, channels }, channels together.

/**
 * A field of zeros, or of given values.
 * @type {(height: number, width: number, channels?: number, data?: Float32Array) => Field}
 */
export function field(height, width, channels = 1, data = new Float32Array(height * width * channels)) {
  return { data, height, width, channels };
}

/**
 * Means over square cells; where the last cells hang over, the edge is repeated.
 * @type {(source: Field, side: number, rows?: number, columns?: number) => Field}
 */
export function cellMeans(
  source,
  side,
  rows = Math.ceil(source.height / side),
  columns = Math.ceil(source.width / side),
) {
  const { data, height, width, channels } = source;
  const means = field(rows, columns, channels);
  const sums = new Float64Array(channels);
  for (let row = 0, to = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, to += channels) {
      sums.fill(0);
      for (let y = row * side; y < (row + 1) * side; y += 1) {
        const start = Math.min(y, height - 1) * width;
        for (let x = column * side; x < (column + 1) * side; x += 1) {
          const at = (start + Math.min(x, width - 1)) * channels;
          for (let channel = 0; channel < channels; channel += 1) sums[channel] += data[at + channel];
        }
      }
      for (let channel = 0; channel < channels; channel += 1) {
        means.data[to + channel] = sums[channel] / side ** 2;
      }
    }
  }
  return means;
}

/**
 * Solve A X = B by elimination with pivots; A is (n, n), B (n, m), both row by row. Changes both.
 * @type {(A: Float64Array, B: Float64Array, n: number, m: number) => Float64Array}
 */
export function solve(A, B, n, m) {
  for (let column = 0; column < n; column += 1) {
    let pivot = column;
    for (let row = column + 1; row < n; row += 1) {
      if (Math.abs(A[row * n + column]) > Math.abs(A[pivot * n + column])) pivot = row;
    }
    if (pivot !== column) {
      swapRows(A, n, pivot, column);
      swapRows(B, m, pivot, column);
    }
    for (let row = column + 1; row < n; row += 1) {
      const factor = A[row * n + column] / A[column * n + column];
      if (factor === 0) continue;
      for (let at = column; at < n; at += 1) A[row * n + at] -= factor * A[column * n + at];
      for (let at = 0; at < m; at += 1) B[row * m + at] -= factor * B[column * m + at];
    }
  }
  for (let row = n - 1; row >= 0; row -= 1) {
    for (let at = 0; at < m; at += 1) {
      let sum = B[row * m + at];
      for (let other = row + 1; other < n; other += 1) sum -= A[row * n + other] * B[other * m + at];
      B[row * m + at] = sum / A[row * n + row];
    }
  }
  return B;
}

/** @type {(matrix: Float64Array, width: number, one: number, other: number) => void} */
function swapRows(matrix, width, one, other) {
  for (let at = 0; at < width; at += 1) {
    const kept = matrix[one * width + at];
    matrix[one * width + at] = matrix[other * width + at];
    matrix[other * width + at] = kept;
  }
}
