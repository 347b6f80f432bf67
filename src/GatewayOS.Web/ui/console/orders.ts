import { toast } from '../src/design/Toasts';
import { fleet } from './api';
import { words } from './texts';
import type { FleetOrder } from './types';

/** Orders something of an appliance, and says so: what comes of it is shown under commands. */
export async function order(appliance: string, name: string, kind: string, what: FleetOrder): Promise<void> {
  await fleet('OrderCommand', { appliance, order: what });
  toast(words.commands.ordered(words.commands.kinds[kind] ?? kind, name));
}
