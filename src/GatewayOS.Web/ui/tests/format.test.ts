import { expect, test } from 'vitest';
import { bytes, count, dateTime, duration, percent, rate, relative } from '../src/logic/format';

test('sizes have three digits and binary units', () => {
  expect([0, 999, 1000, 1024, 10_240, 1_048_575, 1_048_576, 123_456_789, 5e12].map(bytes)).toEqual(['0 B', '999 B', '0.98 KiB', '1.00 KiB', '10.0 KiB', '1.00 MiB', '1.00 MiB', '118 MiB', '4.55 TiB']);
  expect(rate(2048)).toBe('2.00 KiB/s');
});

test('lengths of time use their largest units', () => {
  expect([0, 0.4, 7, 45, 89, 90, 3600, 5400, 12_000, 172_800, 183_600, 5_000_000].map(duration)).toEqual(['0 s', '0.4 s', '7 s', '45 s', '89 s', '2 min', '60 min', '1 h 30 min', '3 h 20 min', '2 d', '2 d 3 h', '57 d']);
});

test('a share that is not whole is not shown as whole', () => {
  expect([0, 0.5, 0.996, 1].map(percent)).toEqual(['0 %', '50 %', '99 %', '100 %']);
});

test('moments are told from now, ahead and back', () => {
  const now = Date.UTC(2026, 10, 26, 21, 0, 0);
  expect(relative(now - 2000, now)).toBe('just now');
  expect(relative(now - 45_000, now)).toBe('45 s ago');
  expect(relative(now - 3_599_000, now)).toBe('59 min ago');
  expect(relative(now + 7_200_000, now)).toBe('in 2 h');
  expect(relative(now - 3 * 86_400_000, now)).toBe('3 d ago');
});

test('moments are shown by the clocks of the machine with the page', () => {
  expect(dateTime(Date.UTC(2026, 6, 1, 22, 30))).toBe('2026-07-02 00:30');
  expect(count(1_234_567)).toBe('1,234,567');
});
