/** Roles of the appliance. It judges every request itself; the pages only leave out what would be refused. */
export type Right = 'run' | 'restore' | 'control' | 'administer';

const rights: Record<string, readonly Right[]> = {
  viewer: [],
  operator: ['run'],
  'restore-operator': ['restore'],
  auditor: ['control'],
  administrator: ['run', 'restore', 'control', 'administer'],
};

/** All roles, from the least to the most. */
export const roles = Object.keys(rights);

/** True when a role has a right. */
export function may(role: string, right: Right): boolean {
  return rights[role]?.includes(right) ?? false;
}
