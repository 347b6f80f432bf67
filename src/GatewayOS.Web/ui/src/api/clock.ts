/** Ages are told by the appliance's clock, not by that of whichever machine the page is shown on: every answer says what time it is there. */

/** What an answer's date, in whole seconds, can be off without saying anything, ms. */
const toleranceMs = 1500;
const halfSecondMs = 500;

let offsetMs = 0;

/**
 * How far the appliance's clock is ahead of this machine's.
 * @param date The Date header of an answer; null when there is none.
 * @param askedMs When was asked, by this machine's clock.
 * @param answeredMs When the answer came.
 * @returns Milliseconds; 0 when they agree as far as can be told, null when nothing can be.
 */
export function offsetOf(date: string | null, askedMs: number, answeredMs: number): number | null {
  const told = date === null ? NaN : Date.parse(date);
  if (Number.isNaN(told)) {
    return null;
  }

  const offset = told + halfSecondMs - (askedMs + answeredMs) / 2;
  return Math.abs(offset) <= toleranceMs + (answeredMs - askedMs) / 2 ? 0 : offset;
}

/** Takes note of what an answer says. */
export function noteAnswer(date: string | null, askedMs: number, answeredMs: number): void {
  offsetMs = offsetOf(date, askedMs, answeredMs) ?? offsetMs;
}

/** Now, by the appliance's clock. */
export function applianceNow(): number {
  return Date.now() + offsetMs;
}
