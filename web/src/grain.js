/**
 * Grain: a faint irregular pattern in flat places, which the network makes strokes of; where it finds nothing, it would paint
 * its own grid. The same as streamstyle/paint/grain.py, whose pattern build.py writes to a file.
 */

const BLOCK = 4;
const TILE = 128;
const AROUND = 9;
const FLAT = 0.1;
const DEVIATION = 0.2;
const BLACK = 12;
const ROOM = 2;

/**
 * Lay grain over the flat places of a picture, in place.
 *
 * @param {Uint8Array} pixels RGB, 3 bytes a pixel.
 * @param {number} width
 * @param {number} height
 * @param {number} strength 0 to 1.
 * @param {Float32Array} tile TILE x TILE x 3, of mean 0 and deviation 1.
 */
export function addGrain(pixels, width, height, strength, tile) {
  const across = Math.floor(width / BLOCK);
  const down = Math.floor(height / BLOCK);
  if (Math.min(across, down) < AROUND || strength === 0) return;
  const means = blockMeans(pixels, width, across, down);
  const deviation = spread(means);
  if (deviation < 1) return;
  const flat = flatness(means, across, down, FLAT * deviation);
  const added = new Int16Array(3 * across * down);
  for (let y = 0, at = 0; y < down; y++) {
    for (let x = 0; x < across; x++, at++) {
      const level = (means[3 * at] + means[3 * at + 1] + means[3 * at + 2]) / 3;
      const amount = strength * DEVIATION * deviation * flat[at] * Math.min(level / BLACK, 1);
      const place = 3 * ((y % TILE) * TILE + (x % TILE));
      for (let c = 0; c < 3; c++) {
        const mean = means[3 * at + c];
        // Skies are often near white, where half of the pattern would be cut off.
        const room = Math.min(Math.max(mean, ROOM * amount), 255 - ROOM * amount) - mean;
        added[3 * at + c] = Math.round(Math.min(127, Math.max(-128, room + amount * tile[place + c])));
      }
    }
  }
  addEnlarged(pixels, width, height, added, across, down);
}

/**
 * @param {Uint8Array} pixels
 * @param {number} width
 * @param {number} across
 * @param {number} down
 */
function blockMeans(pixels, width, across, down) {
  const means = new Float32Array(3 * across * down);
  for (let y = 0; y < down * BLOCK; y++) {
    const row = 3 * Math.floor(y / BLOCK) * across;
    let from = 3 * y * width;
    for (let x = 0; x < across; x++) {
      const to = row + 3 * x;
      for (let k = 0; k < BLOCK; k++, from += 3) {
        means[to] += pixels[from];
        means[to + 1] += pixels[from + 1];
        means[to + 2] += pixels[from + 2];
      }
    }
  }
  for (let i = 0; i < means.length; i++) means[i] /= BLOCK * BLOCK;
  return means;
}

/** Deviation of the three channels together. @param {Float32Array} means */
function spread(means) {
  let total = 0;
  for (let c = 0; c < 3; c++) {
    let sum = 0;
    let squares = 0;
    for (let i = c; i < means.length; i += 3) {
      sum += means[i];
      squares += means[i] * means[i];
    }
    const count = means.length / 3;
    total += squares / count - (sum / count) ** 2;
  }
  return Math.sqrt(Math.max(0, total / 3));
}

/**
 * How flat each block's surroundings are, 0 to 1.
 *
 * @param {Float32Array} means
 * @param {number} across
 * @param {number} down
 * @param {number} detail Deviation from which on a place is not flat.
 */
function flatness(means, across, down, detail) {
  const count = across * down;
  const variance = new Float32Array(count);
  const plane = new Float32Array(count);
  const squares = new Float32Array(count);
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < count; i++) {
      plane[i] = means[3 * i + c];
      squares[i] = plane[i] * plane[i];
    }
    const mean = boxMean(plane, across, down, AROUND);
    const square = boxMean(squares, across, down, AROUND);
    for (let i = 0; i < count; i++) variance[i] += (square[i] - mean[i] * mean[i]) / 3;
  }
  for (let i = 0; i < count; i++) variance[i] = Math.max(0, 1 - Math.sqrt(Math.max(0, variance[i])) / detail);
  return boxMean(variance, across, down, 5);
}

/**
 * Means of windows, mirrored at the borders.
 *
 * @param {Float32Array} plane
 * @param {number} across
 * @param {number} down
 * @param {number} window Odd.
 */
function boxMean(plane, across, down, window) {
  return boxAlong(boxAlong(plane, across, down, window, 1, across), down, across, window, across, 1);
}

/**
 * @param {Float32Array} plane
 * @param {number} length Of a line.
 * @param {number} lines
 * @param {number} window
 * @param {number} step Between two neighbours of a line.
 * @param {number} next Between two lines.
 */
function boxAlong(plane, length, lines, window, step, next) {
  const out = new Float32Array(plane.length);
  const half = (window - 1) / 2;
  const mirrored = (/** @type {number} */ i) => (i < 0 ? -i : i >= length ? 2 * length - 2 - i : i);
  for (let line = 0; line < lines; line++) {
    const start = line * next;
    let sum = 0;
    for (let i = -half; i <= half; i++) sum += plane[start + step * mirrored(i)];
    for (let i = 0; i < length; i++) {
      out[start + step * i] = sum / window;
      sum += plane[start + step * mirrored(i + half + 1)] - plane[start + step * mirrored(i - half)];
    }
  }
  return out;
}

/**
 * Enlarge by straight lines between the blocks' middles, and add.
 *
 * @param {Uint8Array} pixels
 * @param {number} width
 * @param {number} height
 * @param {Int16Array} added
 * @param {number} across
 * @param {number} down
 */
function addEnlarged(pixels, width, height, added, across, down) {
  const columns = places(width, across);
  const rows = places(height, down);
  for (let y = 0, at = 0; y < height; y++) {
    const [top, bottom, v] = [rows.first[y] * across, rows.second[y] * across, rows.share[y]];
    for (let x = 0; x < width; x++) {
      const [left, right, u] = [columns.first[x], columns.second[x], columns.share[x]];
      for (let c = 0; c < 3; c++, at++) {
        const upper = added[3 * (top + left) + c] * (1 - u) + added[3 * (top + right) + c] * u;
        const lower = added[3 * (bottom + left) + c] * (1 - u) + added[3 * (bottom + right) + c] * u;
        const value = pixels[at] + Math.round(upper * (1 - v) + lower * v);
        pixels[at] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
}

/**
 * Between which two blocks each pixel lies, and how far on the way to the second.
 *
 * @param {number} pixels
 * @param {number} blocks
 */
function places(pixels, blocks) {
  const first = new Int32Array(pixels);
  const second = new Int32Array(pixels);
  const share = new Float32Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const place = Math.min(blocks - 1, Math.max(0, ((i + 0.5) * blocks) / pixels - 0.5));
    first[i] = Math.floor(place);
    second[i] = Math.min(blocks - 1, first[i] + 1);
    share[i] = place - first[i];
  }
  return { first, second, share };
}
