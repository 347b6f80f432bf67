import { describe, expect, it } from 'vitest';
import { alertOf } from '../console/alert';
import { isProtected, sought } from '../console/protection';
import type { FleetNode } from '../console/types';

const node = (nodeName: string, verdict: string, more: Partial<FleetNode> = {}): FleetNode => ({ applianceName: 'gw1', site: 'Berlin', protection: { nodeName, verdict, reason: 'because' }, ...more });

describe('nodes of a fleet', () => {
  const nodes = [node('db', 'unprotected'), node('mail', 'late', { site: 'Bonn' }), node('files', 'protected'), {}];

  it('are protected only when their appliance says so', () => {
    expect(nodes.map(isProtected)).toEqual([false, false, true, false]);
  });

  it('are found by what is shown of them, in the order they came', () => {
    expect(sought(nodes, ' bonn ', false).map((one) => one.protection?.nodeName)).toEqual(['mail']);
    expect(sought(nodes, 'gw1', true).map((one) => one.protection?.nodeName)).toEqual(['db', 'mail']);
    expect(sought(nodes, '', false)).toHaveLength(4);
  });
});

describe('an alert', () => {
  it('is read with every letter', () => {
    const document = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify({ what: 'raised', severity: 'Warning', subject: 'büro', summary: 's', remedy: 'r', time: 't' }))));
    expect(alertOf(document)).toMatchObject({ what: 'raised', subject: 'büro' });
  });

  it('that cannot be read says so', () => {
    expect(alertOf('%').severity).toBe('unknown');
    expect(alertOf('').remedy).not.toBe('');
  });
});
