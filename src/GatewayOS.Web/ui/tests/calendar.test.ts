import { expect, test } from 'vitest';
import { weeksOf } from '../src/logic/calendar';

// A Thursday, by the clocks of Berlin.
const now = new Date(2026, 10, 26, 12).getTime();

test('weeks go from Monday to Sunday, and the last has today in it', () => {
  const weeks = weeksOf([], now, 3);
  expect(weeks).toHaveLength(3);
  expect(weeks.at(-1)?.map((day) => day.day)).toEqual(['2026-11-23', '2026-11-24', '2026-11-25', '2026-11-26', '2026-11-27', '2026-11-28', '2026-11-29']);
  expect(weeks.at(-1)?.map((day) => day.isFuture)).toEqual([false, false, false, false, true, true, true]);
});

test('no day is lost or doubled where clocks change', () => {
  const days = weeksOf([], now, 30).flat().map((day) => day.day);
  expect(new Set(days).size).toBe(210);
  expect(days).toContain('2026-10-25');
});

test('the last outcome of a day counts, and failures are told beside it', () => {
  const at = (hour: number) => new Date(2026, 10, 25, hour).getTime();
  const recovered = weeksOf([{ atMs: at(9), outcome: 'good' }, { atMs: at(8), outcome: 'failed' }], now, 1).flat()[2];
  expect(recovered).toMatchObject({ day: '2026-11-25', outcome: 'good', backups: 1, failures: 1 });
  const broken = weeksOf([{ atMs: at(8), outcome: 'good' }, { atMs: at(9), outcome: 'failed' }], now, 1).flat()[2];
  expect(broken).toMatchObject({ outcome: 'failed', backups: 1, failures: 1 });
});

test('a backup just before midnight belongs to its own day', () => {
  const [, tuesday, wednesday] = weeksOf([{ atMs: new Date(2026, 10, 24, 23, 59, 59).getTime(), outcome: 'warned' }], now, 1).flat();
  expect([tuesday?.outcome, wednesday?.outcome]).toEqual(['warned', 'none']);
});
