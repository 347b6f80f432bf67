/** Numbers of 64 bits travel as text, and defaults not at all. */
export function num(value: string | number | undefined): number {
  return value === undefined ? 0 : Number(value);
}

/** A moment of the API; null when there is none, which it says by 0 or by nothing. */
export function moment(value: string | number | undefined): number | null {
  const ms = num(value);
  return ms > 0 ? ms : null;
}
