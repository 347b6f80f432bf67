import { Button } from '../../src/design/Controls';
import { Badge } from '../../src/design/Status';
import { Card, Empty, Loaded, PageHead, Problem } from '../../src/design/Surface';
import { Table, type Column } from '../../src/design/Table';
import { useAction } from '../../src/design/useAction';
import { dateTime } from '../../src/logic/format';
import { num } from '../../src/logic/numbers';
import type { Tone } from '../../src/logic/verdict';
import { href } from '../../src/shell/route';
import { texts } from '../../src/texts';
import { fleet, useFleet } from '../api';
import { useSelf } from '../self';
import { words } from '../texts';
import type { FleetCommandInfo } from '../types';

const refreshMs = 3000;
const tones: Record<string, Tone> = { queued: 'quiet', accepted: 'busy', running: 'busy', done: 'good', failed: 'bad', refused: 'warn', cancelled: 'quiet', expired: 'warn' };

/** What was ordered, and what came of it. */
export function CommandsPage() {
  const commands = useFleet('ListCommands', {}, refreshMs);
  return (
    <>
      <PageHead title={words.commands.title} lead={words.commands.lead} />
      <Card><Loaded of={commands}>{(value) => <CommandTable commands={value.commands ?? []} withAppliance onChanged={commands.reload} />}</Loaded></Card>
    </>
  );
}

/** Commands, the newest first. */
export function CommandTable({ commands, withAppliance, onChanged }: { commands: readonly FleetCommandInfo[]; withAppliance: boolean; onChanged: () => Promise<void> }) {
  const mayCancel = useSelf().role !== 'viewer';
  if (commands.length === 0) {
    return <Empty icon="clock" title={words.commands.none}>{words.commands.noneWhy}</Empty>;
  }

  const columns: Column<FleetCommandInfo>[] = [
    { name: words.commands.command, cell: (one) => <strong>{words.commands.kinds[one.kind ?? ''] ?? one.kind}</strong> },
    ...(withAppliance ? [{ name: words.appliance, cell: (one: FleetCommandInfo) => <a href={href(['appliances', one.applianceId ?? ''])}>{one.applianceName}</a> }] : []),
    { name: words.commands.state, cell: (one) => <Badge tone={tones[one.state ?? ''] ?? 'unknown'}>{words.commands.states[one.state ?? ''] ?? one.state}</Badge> },
    { name: words.commands.detail, cell: (one) => one.detail },
    { name: words.commands.when, cell: (one) => dateTime(num(one.orderedUnixMs)) },
    { name: words.commands.by, cell: (one) => one.orderedBy },
    { name: texts.nodes.actions, isUnnamed: true, cell: (one) => mayCancel && one.state === 'queued' && <CancelButton id={one.id ?? ''} onChanged={onChanged} /> },
  ];
  return <Table label={words.commands.title} columns={columns} rows={commands} keyOf={(one) => one.id ?? ''} />;
}

function CancelButton({ id, onChanged }: { id: string; onChanged: () => Promise<void> }) {
  const cancel = useAction(async () => {
    await fleet('CancelCommand', { id });
    await onChanged();
  });
  return (
    <>
      <Button kind="quiet" isBusy={cancel.isBusy} onClick={() => void cancel.run()}>{words.commands.cancel}</Button>
      {cancel.error && <Problem error={cancel.error} />}
    </>
  );
}
