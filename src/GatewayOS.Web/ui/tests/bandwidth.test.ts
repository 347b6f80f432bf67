import { describe, expect, it } from 'vitest';
import { limitsOf, limitText } from '../src/logic/bandwidth';

describe('limits of what is sent', () => {
  it('are read as people write them, and written as they are read', () => {
    const { limits, wrong } = limitsOf('08:00-18:00=2M\n\n 22:00-06:00 = 512 KiB/s\n1.5g');
    expect(wrong).toEqual([]);
    expect(limits).toEqual([
      { from: '08:00', to: '18:00', bytesPerSecond: '2097152' },
      { from: '22:00', to: '06:00', bytesPerSecond: '524288' },
      { from: '00:00', to: '00:00', bytesPerSecond: '1610612736' },
    ]);
    expect(limits.map(limitText)).toEqual(['08:00-18:00=2M', '22:00-06:00=512k', '1536M']);
  });

  it('name every line that is none', () => {
    expect(limitsOf('25:00-26:00=2M\nfast\n10\n08:00=2M').wrong).toEqual(['25:00-26:00=2M', 'fast', '10', '08:00=2M']);
  });
});
