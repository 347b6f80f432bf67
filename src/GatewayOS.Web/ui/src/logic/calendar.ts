import { day } from './format';

/** What came of a node's backups on a day. */
export type DayOutcome = 'none' | 'good' | 'warned' | 'failed';

/** A day of the calendar. */
export interface CalendarDay {
  day: string;
  atMs: number;
  outcome: DayOutcome;
  backups: number;
  failures: number;
  isFuture: boolean;
}

/** What the calendar is made from: when a backup ended, and how. */
export interface CalendarEvent {
  atMs: number;
  outcome: Exclude<DayOutcome, 'none'>;
}

/**
 * Weeks from Monday to Sunday, the oldest first, the last with today in it. A day on which the last word was a success is good, whatever failed before it.
 * @param events What happened, in any order.
 * @param nowMs Now.
 * @param weeks How many weeks.
 */
export function weeksOf(events: readonly CalendarEvent[], nowMs: number, weeks: number): CalendarDay[][] {
  const byDay = new Map<string, CalendarEvent[]>();
  for (const event of [...events].sort((left, right) => left.atMs - right.atMs)) {
    const key = day(event.atMs);
    byDay.set(key, [...(byDay.get(key) ?? []), event]);
  }

  const today = new Date(nowMs);
  const weekday = (today.getDay() + 6) % 7;
  const result: CalendarDay[][] = [];
  for (let week = weeks - 1; week >= 0; week--) {
    const row: CalendarDay[] = [];
    for (let i = 0; i < 7; i++) {
      // By calendar days, not by hours: days on which clocks change are no 24 hours long.
      const date = new Date(today.getFullYear(), today.getMonth(), today.getDate() - weekday - week * 7 + i, 12);
      const found = byDay.get(day(date.getTime())) ?? [];
      const failures = found.filter((event) => event.outcome === 'failed').length;
      row.push({
        day: day(date.getTime()),
        atMs: date.getTime(),
        outcome: found.at(-1)?.outcome ?? 'none',
        backups: found.length - failures,
        failures,
        isFuture: day(date.getTime()) > day(nowMs),
      });
    }

    result.push(row);
  }

  return result;
}
