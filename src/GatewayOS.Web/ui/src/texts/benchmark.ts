/** What is said of the store's benchmark. */
export const benchmark = {
  title: 'Benchmark',
  run: 'Measure now',
  none: 'Nothing is measured yet',
  noneWhy: 'Measuring takes less than a minute and some space on the disk. From the next start of gatewayd on jobs use as many threads and as long reads as fit.',
  sample: (cores: number, share: string) => `${cores} processors. The sample took ${share} of its size in the store.`,
  processor: 'One processor, each stage alone',
  disk: 'The store’s disk',
  stage: (name: string, ofStored: boolean) => `${name}${ofStored ? ' (of stored bytes)' : ''}`,
  write: 'write packs, synced',
  sequential: (size: string, streams: number) => `in sequence, ${size}, ${streams} at once`,
  random: (size: string, streams: number) => `at random, ${size}, ${streams} at once`,
  sources: {
    processor: 'A sample in memory, a second for each stage.',
    disk: 'Files of its own on the store’s disk, written and read past the kernel’s cache.',
  },
};
