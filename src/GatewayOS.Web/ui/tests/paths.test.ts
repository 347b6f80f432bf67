import { expect, test } from 'vitest';
import { fromBase64Url, join, pathAddress, splitLast, toBase64Url, trail, unescapePath } from '../src/logic/paths';

test('escaped bytes come back as they are, whatever they are', () => {
  expect([...unescapePath('/a\\xff\\x5cb')]).toEqual([0x2f, 0x61, 0xff, 0x5c, 0x62]);
  expect([...unescapePath('\\x4')]).toEqual([0x5c, 0x78, 0x34]);
});

test('names beyond ASCII are UTF-8', () => {
  expect(new TextDecoder().decode(unescapePath('/Übung/😀'))).toBe('/Übung/😀');
});

test('base64url has no padding and no letters that addresses change', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(toBase64Url(all)).not.toMatch(/[+/=]/);
  expect(fromBase64Url(toBase64Url(all))).toEqual(all);
  expect(pathAddress('/etc')).toBe('L2V0Yw');
  expect(pathAddress('/')).toBe('');
});

test('a path leads from the root through its directories', () => {
  expect(trail('/var/lib').map((step) => step.path)).toEqual(['/', '/var', '/var/lib']);
  expect([join('/', 'etc'), join('/etc', 'fstab')]).toEqual(['/etc', '/etc/fstab']);
  expect([splitLast('/etc/fstab'), splitLast('/etc')]).toEqual([{ directory: '/etc', name: 'fstab' }, { directory: '/', name: 'etc' }]);
});
