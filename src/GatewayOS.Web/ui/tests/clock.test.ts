import { expect, test } from 'vitest';
import { offsetOf } from '../src/api/clock';

const date = 'Thu, 26 Nov 2026 21:00:00 GMT';
const at = Date.parse(date);

test('clocks that agree as far as can be told have no offset', () => {
  expect(offsetOf(date, at + 100, at + 140)).toBe(0);
  expect(offsetOf(date, at + 900, at + 990)).toBe(0);
});

test('a slow answer says less', () => {
  expect(offsetOf(date, at - 4000, at + 500)).toBe(0);
});

test('a laptop that is an hour behind learns so', () => {
  expect(offsetOf(date, at - 3_600_000, at - 3_600_000)).toBe(3_600_500);
});

test('an answer without a date says nothing', () => {
  expect(offsetOf(null, 0, 0)).toBeNull();
  expect(offsetOf('soon', 0, 0)).toBeNull();
});
