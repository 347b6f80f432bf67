import { expect, test } from 'vitest';
import { progress, ratesOf, sampled, tookSeconds, type Sample } from '../src/logic/jobs';

const running = (bytes: number, sentBytes = 0, files = 0) => ({ state: 'running', bytes: String(bytes), sentBytes: String(sentBytes), files: String(files), expectedBytes: '1000', startedUnixMs: '10000' });

test('how far a job is, is known only when it is known how much there is', () => {
  expect(progress(running(250))).toBe(0.25);
  expect(progress({ state: 'running', bytes: '250' })).toBeNull();
  expect(progress({ state: 'queued' })).toBeNull();
  expect(progress(running(2000))).toBe(1);
  expect(progress({ state: 'done' })).toBe(1);
});

test('rates come from what was seen, by stage', () => {
  let samples: readonly Sample[] = sampled([], running(0), 10_000);
  expect(ratesOf(samples, running(0))).toBeNull();
  samples = sampled(samples, running(400, 100, 8), 12_000);
  expect(ratesOf(samples, running(400))).toEqual({ readBytesPerSecond: 200, sentBytesPerSecond: 50, filesPerSecond: 4, leftSeconds: 3 });
});

test('what is too old to tell a rate is dropped, and an attempt that begins anew counts anew', () => {
  let samples = sampled(sampled([], running(100), 0), running(200), 10_000);
  samples = sampled(samples, running(300), 20_000);
  expect(samples.map((sample) => sample.atMs)).toEqual([10_000, 20_000]);
  expect(sampled(samples, running(5), 21_000)).toHaveLength(1);
});

test('a job takes from its beginning to its end, or to now', () => {
  expect(tookSeconds(running(1), 15_000)).toBe(5);
  expect(tookSeconds({ ...running(1), endedUnixMs: '12000' }, 99_000)).toBe(2);
  expect(tookSeconds({ state: 'queued' }, 99_000)).toBeNull();
});
