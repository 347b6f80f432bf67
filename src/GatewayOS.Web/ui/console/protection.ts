import type { FleetNode } from './types';

/** True for a node that nobody has to look after. */
export function isProtected(node: FleetNode): boolean {
  return node.protection?.verdict === 'protected';
}

/** The nodes that have a text in what is shown of them, in the order they came. */
export function sought(nodes: readonly FleetNode[], text: string, onlyBad: boolean): FleetNode[] {
  const wanted = text.trim().toLowerCase();
  return nodes.filter((node) => !(onlyBad && isProtected(node)) && [node.protection?.nodeName, node.protection?.reason, node.applianceName, node.site, node.tenant].join(' ').toLowerCase().includes(wanted));
}
