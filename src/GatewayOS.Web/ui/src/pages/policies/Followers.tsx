import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { PolicyMessage } from '../../api/types';
import { Check } from '../../design/Controls';
import { Card, Loaded, Problem } from '../../design/Surface';
import { useAction } from '../../design/useAction';
import { dateTime } from '../../logic/format';
import { moment } from '../../logic/numbers';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';

const words = texts.policies;

/** Which nodes follow a policy, and how to have others follow it. */
export function Followers({ policy }: { policy: PolicyMessage }) {
  const nodes = useMethod('Management/ListNodes', {}, ['nodes']);
  const mayRun = useMay('run');
  const assign = useAction((node: string, remove: boolean) => call('Policies/AssignPolicy', { name: policy.name ?? '', node, remove }));
  return (
    <Card title={words.followers}>
      <Loaded of={nodes} lines={2}>
        {(value) => {
          const active = (value.nodes ?? []).filter((node) => node.state === 'ACTIVE');
          return active.length === 0 ? <p class="hint">{words.noActiveNodes} <a href="#/nodes?enrol=1">{texts.nodes.enrol}</a></p> : (
            <ul class="plain-list">
              {active.map((node) => {
                const followed = policy.nodes?.find((one) => one.nodeId === node.id);
                const next = moment(followed?.nextRunUnixMs);
                return (
                  <li key={node.id} class="split">
                    {mayRun ? <Check label={node.name ?? ''} checked={followed !== undefined} onChange={(checked) => void assign.run(node.id ?? '', !checked)} /> : <span>{node.name}</span>}
                    <small>{followed ? (next === null ? words.noRun : words.nextRun(dateTime(next))) : words.doesNotFollow}</small>
                  </li>
                );
              })}
            </ul>
          );
        }}
      </Loaded>
      {assign.error && <Problem error={assign.error} />}
    </Card>
  );
}
