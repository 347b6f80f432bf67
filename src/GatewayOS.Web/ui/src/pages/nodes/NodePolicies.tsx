import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { PolicyMessage } from '../../api/types';
import { Button, ButtonLink, Choice } from '../../design/Controls';
import { Card, Empty, Loaded, Problem } from '../../design/Surface';
import { useAction } from '../../design/useAction';
import { dateTime } from '../../logic/format';
import { moment } from '../../logic/numbers';
import { href } from '../../shell/route';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';

const words = texts.nodes;

/** The policies that a node follows, and how to have it follow others. */
export function NodePolicies({ nodeId }: { nodeId: string }) {
  const policies = useMethod('Policies/ListPolicies', {}, ['policies', 'jobs'], 60_000);
  return (
    <Card title={texts.policies.title}>
      <Loaded of={policies} lines={2}>
        {(value) => <Followed nodeId={nodeId} policies={value.policies ?? []} reload={policies.reload} />}
      </Loaded>
    </Card>
  );
}

function Followed({ nodeId, policies, reload }: { nodeId: string; policies: readonly PolicyMessage[]; reload: () => Promise<void> }) {
  const mayRun = useMay('run');
  const followed = policies.filter((policy) => policy.nodes?.some((node) => node.nodeId === nodeId));
  const others = policies.filter((policy) => !followed.includes(policy));
  const [chosen, setChosen] = useState('');
  const name = chosen || (others[0]?.name ?? '');
  const assign = useAction(async (policy: string, remove: boolean) => {
    await call('Policies/AssignPolicy', { name: policy, node: nodeId, remove });
    setChosen('');
    await reload();
  });
  if (policies.length === 0) {
    return <Empty icon="policies" title={texts.policies.none} action={<ButtonLink href="#/policies">{texts.nav.policies}</ButtonLink>}>{words.noPolicyWhy}</Empty>;
  }

  return (
    <>
      {followed.length === 0 && <p>{words.followsNone}</p>}
      <ul class="plain-list">
        {followed.map((policy) => {
          const next = moment(policy.nodes?.find((node) => node.nodeId === nodeId)?.nextRunUnixMs);
          return (
            <li key={policy.name} class="split">
              <span>
                <a href={href(['policies', policy.name ?? ''])}>{policy.name}</a> <small>{next === null ? texts.policies.noRun : texts.policies.nextRun(dateTime(next))}</small>
              </span>
              {mayRun && <Button kind="quiet" icon="close" label={words.unassign(policy.name ?? '')} isBusy={assign.isBusy} onClick={() => void assign.run(policy.name ?? '', true)} />}
            </li>
          );
        })}
      </ul>
      {mayRun && others.length > 0 && (
        <div class="inline-form">
          <Choice label={words.assign} value={name} onChange={setChosen} options={others.map((policy) => [policy.name ?? '', policy.name ?? ''] as const)} />
          <Button isBusy={assign.isBusy} onClick={() => void assign.run(name, false)}>{words.assignAction}</Button>
        </div>
      )}
      {assign.error && <Problem error={assign.error} />}
    </>
  );
}
