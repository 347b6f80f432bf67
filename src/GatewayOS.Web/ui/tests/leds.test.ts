import { expect, test } from 'vitest';
import { inWords, isLit } from '../src/logic/leds';

const led = (stepsMs: number[], phaseMs = 0, lit = false) => ({ name: 'status', label: 'STATUS', colour: 'green', pattern: '', stepsMs, phaseMs, isLit: lit });

test('an LED without steps stays as it is', () => {
  expect(isLit(led([], 0, true), 123_456)).toBe(true);
  expect(isLit(led([], 0, false), 123_456)).toBe(false);
});

test('an LED follows its steps, lit first, from the phase it was told of', () => {
  const heartbeat = led([80, 120, 80, 1720], 0);
  expect([0, 79, 80, 199, 200, 279, 280, 1999, 2000].map((ms) => isLit(heartbeat, ms))).toEqual([true, true, false, false, true, true, false, false, true]);
});

test('the phase goes on with time and wraps around', () => {
  const locate = led([125, 125], 200);
  expect([0, 49, 50, 174, 175].map((ms) => isLit(locate, ms))).toEqual([false, false, true, true, false]);
});

test('what it shows is told in words', () => {
  const words = { on: 'lit', off: 'dark', blinks: (ms: number) => `every ${ms}` };
  expect([led([], 0, true), led([]), led([500, 500])].map((one) => inWords(one, words))).toEqual(['lit', 'dark', 'every 1000']);
});
