/** What is said of the log. */
export const logs = {
  title: 'Log',
  lead: (kept: string) => `The newest lines of gatewayd since its start, ${kept} at most. Older ones are in the journal: journalctl -u gatewayd.`,
  least: 'From',
  levels: { information: 'Information', warning: 'Warning', error: 'Error', critical: 'Critical' } as Record<string, string>,
  text: 'Holding the text',
  when: 'When',
  level: 'Level',
  source: 'Source',
  line: 'Line',
  none: 'No such line',
  noneWhy: 'Nothing of this kind was logged since the start. Choose a lower level or another text.',
};
