import { expect, test } from 'vitest';
import { fieldOf, firstPolicy, parseDocument, toDocument, toForm } from '../src/logic/policyForm';

const document = {
  name: 'servers',
  sources: ['/etc', '/home'],
  includes: ['keep.iso'],
  schedule: { cron: '30 22 * * 1-5', jitter: '10min' },
  retention: { daily: 7, lock: '14d' },
  drill: { every: '1d', files: 50 },
  before: { hook: 'stop-db' },
};

test('a document comes back the same through the form', () => {
  expect(toDocument(toForm(document), document)).toEqual(document);
  expect(toDocument(toForm(firstPolicy), firstPolicy)).toEqual(firstPolicy);
});

test('what the form does not show stays', () => {
  const changed = toDocument({ ...toForm(document), daily: '9', sources: '/srv\n\n /opt ' }, document);
  expect(changed).toMatchObject({ includes: ['keep.iso'], before: { hook: 'stop-db' }, sources: ['/srv', '/opt'], retention: { daily: 9, lock: '14d' }, schedule: { jitter: '10min' } });
});

test('what is emptied is taken out, and one kind of schedule takes the place of the other', () => {
  const changed = toDocument({ ...toForm(document), schedule: 'every', every: '4h', lock: '', daily: '', drillEvery: '' }, document);
  expect(changed).toEqual({ name: 'servers', sources: ['/etc', '/home'], includes: ['keep.iso'], schedule: { every: '4h', jitter: '10min' }, before: { hook: 'stop-db' } });
});

test('what is no number goes to the appliance as it was typed, so that it says what is wrong', () => {
  expect(toDocument({ ...toForm(document), daily: 'many' }, document)['retention']).toEqual({ daily: 'many', lock: '14d' });
});

test('a document with comments is its author’s', () => {
  expect(parseDocument('{ /* why */ "name": "x" }')).toBeNull();
  expect(parseDocument('[]')).toBeNull();
  expect(parseDocument('{"name":"x"}')).toEqual({ name: 'x' });
});

test('problems stand beside their fields', () => {
  expect([fieldOf('schedule.every'), fieldOf('retention.lock'), fieldOf('colour')]).toEqual(['every', 'lock', null]);
});
