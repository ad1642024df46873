/**
 * The processing size: the largest at which this machine keeps up with the camera. The same policy as `--size auto`
 * (streamstyle/live/autosize.py): a rung is left downwards after a second that is too slow, climbed again after five seconds with room
 * to spare, and a rung that had to be left is not tried again before a time that doubles with each failure.
 */

const SHARES = [0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1];
const LEAST = 120;
const BUSY = 0.95;
const ROOMY = 0.75;
const DOWN_SECONDS = 1;
const UP_SECONDS = 5;
const FIRST_BAN_SECONDS = 30;
const MOST_INTERVALS = 3;
const MEMORY = 0.9;

/**
 * The sizes for frames of this short side, from small to that of the strokes, or to their own.
 *
 * @param {number} shortSide
 * @param {number} strokes
 * @returns {number[]} Short sides in pixels.
 */
export function ladder(shortSide, strokes) {
  const largest = Math.min(shortSide, strokes);
  return SHARES.map((share) => [share, Math.round(share * largest)])
    .filter(([share, size]) => size >= LEAST || share === 1)
    .map(([, size]) => size);
}

/** Follows the cost of frames and picks the size. */
export class AutoSize {
  /**
   * @param {number[]} sizes The ladder.
   * @param {number} interval Seconds between two frames of the camera.
   */
  constructor(sizes, interval) {
    this.sizes = sizes;
    this.interval = interval;
    /** @type {Map<number, [number, number]>} Rung to the end of its ban and the ban's length. */
    this.bans = new Map();
    this.move(0);
  }

  get size() {
    return this.sizes[this.rung];
  }

  /**
   * Choose from one measured frame; the others are scaled by their pixels.
   *
   * @param {number} size
   * @param {number} seconds
   */
  start(size, seconds) {
    const fits = this.sizes.map((side) => (seconds * side ** 2) / size ** 2 <= ROOMY * this.interval);
    this.move(Math.max(0, fits.lastIndexOf(true)));
  }

  /**
   * Take in what a frame cost at the present size.
   *
   * @param {number} seconds
   * @param {number} now A clock in seconds that never goes back.
   * @returns {boolean} Whether the size has changed.
   */
  update(seconds, now) {
    const cost = Math.min(seconds, MOST_INTERVALS * this.interval);
    this.mean = this.mean === null ? cost : MEMORY * this.mean + (1 - MEMORY) * cost;
    this.busySince = this.mean > BUSY * this.interval ? (this.busySince ?? now) : null;
    if (this.busySince !== null && now - this.busySince >= DOWN_SECONDS && this.rung > 0) {
      const [, last] = this.bans.get(this.rung) ?? [0, FIRST_BAN_SECONDS / 2];
      this.bans.set(this.rung, [now + 2 * last, 2 * last]);
      this.move(this.rung - 1);
      return true;
    }
    this.roomySince = this.nextFits(now) ? (this.roomySince ?? now) : null;
    if (this.roomySince !== null && now - this.roomySince >= UP_SECONDS) {
      this.move(this.rung + 1);
      return true;
    }
    return false;
  }

  /** @param {number} now */
  nextFits(now) {
    if (this.rung + 1 === this.sizes.length || this.mean === null) return false;
    if (now < (this.bans.get(this.rung + 1) ?? [0])[0]) return false;
    return this.mean * (this.sizes[this.rung + 1] / this.size) ** 2 <= ROOMY * this.interval;
  }

  /** @param {number} rung */
  move(rung) {
    this.rung = rung;
    /** @type {number | null} */
    this.mean = null;
    /** @type {number | null} */
    this.busySince = null;
    /** @type {number | null} */
    this.roomySince = null;
  }
}
