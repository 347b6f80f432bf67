import { expect, test } from 'vitest';
import { may, roles } from '../src/logic/roles';
import { toneOf, toneOfFill, toneOfLevel } from '../src/logic/verdict';
import { href, parse } from '../src/shell/route';

test('what is not known is never shown as good', () => {
  expect([toneOf(undefined), toneOf('splendid'), toneOf('unknown'), toneOfLevel('fine')]).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
});

test('verdicts have the tone of what they mean', () => {
  expect(['ok', 'warning', 'critical', 'unknown'].map(toneOfLevel)).toEqual(['good', 'warn', 'bad', 'unknown']);
  expect(['protected', 'late', 'unprotected', 'degraded', 'rebuilding', 'optimal'].map(toneOf)).toEqual(['good', 'warn', 'bad', 'bad', 'busy', 'good']);
  expect([0.5, 0.85, 0.95].map(toneOfFill)).toEqual(['good', 'warn', 'bad']);
});

test('roles are not nested', () => {
  expect(roles.filter((role) => may(role, 'restore'))).toEqual(['restore-operator', 'administrator']);
  expect(roles.filter((role) => may(role, 'control'))).toEqual(['auditor', 'administrator']);
  expect(roles.filter((role) => may(role, 'run'))).toEqual(['operator', 'administrator']);
  expect(may('somebody', 'run')).toBe(false);
});

test('addresses lead where they were made for, whatever the names are', () => {
  const address = href(['restore', 'node/1 é'], { snapshot: 'ab', path: '/a b?#', find: '' });
  const route = parse(address);
  expect([route.page, route.rest, route.query.get('snapshot'), route.query.get('path'), route.query.has('find')]).toEqual(['restore', ['node/1 é'], 'ab', '/a b?#', false]);
  expect(parse('').page).toBe('overview');
  expect(parse('#/nodes/%E0%A4%A').rest).toEqual(['%E0%A4%A']);
});
