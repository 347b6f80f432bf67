import { useState } from 'preact/hooks';
import { Check, TextField } from '../../src/design/Controls';
import { Badge } from '../../src/design/Status';
import { Card, Empty, Loaded, PageHead } from '../../src/design/Surface';
import { useFleet } from '../api';
import { isProtected, sought } from '../protection';
import { words } from '../texts';
import type { FleetNode } from '../types';
import { NodeTable } from './NodeTable';

/** Which node of which site is not protected, why, and one press to the remedy. */
export function ProtectionPage() {
  const nodes = useFleet('ListNodes', {});
  return (
    <>
      <PageHead title={words.protection.title} lead={words.protection.lead} />
      <Loaded of={nodes}>{(value) => <Nodes nodes={value.nodes ?? []} />}</Loaded>
    </>
  );
}

function Nodes({ nodes }: { nodes: readonly FleetNode[] }) {
  const [filter, setFilter] = useState('');
  const [onlyBad, setOnlyBad] = useState(false);
  if (nodes.length === 0) {
    return <Card><Empty icon="nodes" title={words.protection.none}>{words.protection.noneWhy}</Empty></Card>;
  }

  const bad = nodes.filter((node) => !isProtected(node)).length;
  const shown = sought(nodes, filter, onlyBad);
  return (
    <div class="stack">
      <Card>
        <p class="verdict-line" role="status">
          <Badge tone={bad === 0 ? 'good' : 'bad'}>{bad === 0 ? words.protection.all(nodes.length) : words.protection.some(bad, nodes.length)}</Badge>
        </p>
      </Card>
      <Card>
        <div class="filters">
          <TextField label={words.protection.filter} type="search" value={filter} onInput={setFilter} />
          <Check label={words.protection.onlyBad} checked={onlyBad} onChange={setOnlyBad} />
        </div>
        {shown.length === 0 ? <p class="hint">{words.protection.noMatch}</p> : <NodeTable nodes={shown} withAppliance />}
      </Card>
    </div>
  );
}
