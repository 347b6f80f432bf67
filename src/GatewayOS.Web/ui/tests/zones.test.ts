import { describe, expect, it } from 'vitest';
import { clockIn, zoneNames } from '../src/logic/zones';

describe('time zones', () => {
  it('shows what clocks show there', () => {
    const noonMs = Date.UTC(2026, 6, 1, 12);
    expect(clockIn('Europe/Berlin', noonMs)).toContain('14:00:00');
    expect(clockIn('Nowhere/Land', noonMs)).toContain('12:00:00 UTC');
  });

  it('offers those that there are', () => {
    expect(zoneNames()).toContain('Europe/Berlin');
    expect(zoneNames()).toContain('UTC');
  });
});
