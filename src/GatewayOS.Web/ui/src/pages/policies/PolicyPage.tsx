import { useEffect, useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { PolicyMessage, PolicyProblem } from '../../api/types';
import { Button, Check, submitting, TextArea } from '../../design/Controls';
import { Confirm } from '../../design/Dialog';
import { Card, Empty, Loaded, PageHead, Problem } from '../../design/Surface';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { dateTime } from '../../logic/format';
import { num } from '../../logic/numbers';
import { fieldOf, firstPolicy, parseDocument, toDocument, toForm } from '../../logic/policyForm';
import { go, href, type Route } from '../../shell/route';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { Followers } from './Followers';
import { PolicyFields } from './PolicyFields';
import { PolicyPreview } from './PolicyPreview';

const words = texts.policies;
const settleMs = 400;

/** One policy, or a new one: fields or document, with what would come of it. */
export function PolicyPage({ name }: { name: string | null; route: Route }) {
  return name === null ? <Editor key="new" policy={null} /> : <Existing name={name} />;
}

function Existing({ name }: { name: string }) {
  const policy = useMethod('Policies/GetPolicy', { name }, ['policies']);
  if (policy.error?.status === 404 && policy.value === null) {
    return (
      <>
        <PageHead title={name} back={{ href: '#/policies', label: words.title }} />
        <Empty icon="policies" title={words.noSuch(name)}>{words.noSuchWhy}</Empty>
      </>
    );
  }

  // A version that somebody else made while this one is edited is refused when it is saved, not put in its place unseen.
  return <Loaded of={policy}>{(value) => <Editor key={name} policy={value} />}</Loaded>;
}

function Editor({ policy }: { policy: PolicyMessage | null }) {
  const mayAdminister = useMay('administer');
  const mayRun = useMay('run');
  const stored = policy?.document ?? JSON.stringify(firstPolicy, null, 2);
  const [document, setDocument] = useState(stored);
  const [base, setBase] = useState({ document: stored, version: policy?.version ?? 0 });
  const [problems, setProblems] = useState<readonly PolicyProblem[]>([]);
  const [isText, setText] = useState(parseDocument(stored) === null);
  const [isDeleting, setDeleting] = useState(false);
  const parsed = parseDocument(document);
  const isChanged = policy === null || document !== base.document;
  useEffect(() => {
    // Untouched, it follows what the appliance has.
    if (policy !== null && !isChanged && policy.version !== base.version) {
      setBase({ document: stored, version: policy.version ?? 0 });
      setDocument(stored);
    }
  }, [policy, isChanged, base.version, stored]);

  const save = useAction(async () => {
    const reply = await call('Policies/SetPolicy', { document, expectedVersion: base.version });
    setProblems(reply.problems ?? []);
    if (reply.policy && (reply.problems?.length ?? 0) === 0) {
      toast(words.saved(reply.policy.name ?? ''));
      setBase({ document, version: reply.policy.version ?? 0 });
      if (policy === null) {
        go(href(['policies', reply.policy.name ?? '']));
      }
    }
  });
  const runNow = useAction(async () => {
    for (const node of policy?.nodes ?? []) {
      await call('Jobs/OrderJob', { kind: 'backup', node: node.nodeId ?? '', policy: policy?.name ?? '' });
    }

    toast(texts.jobs.ordered(texts.jobs.kinds['backup'] ?? ''));
  });
  const settled = useSettled(document);
  const errors = Object.fromEntries(problems.map((problem) => [fieldOf(problem.field ?? '') ?? '', `${problem.problem} ${problem.remedy}`]));
  const elsewhere = problems.filter((problem) => isText || fieldOf(problem.field ?? '') === null);
  return (
    <>
      <PageHead title={policy?.name ?? words.newTitle} back={{ href: '#/policies', label: words.title }} lead={policy ? words.version(policy.version ?? 0, policy.changedBy ?? '', dateTime(num(policy.changedUnixMs))) : words.newLead}>
        {policy && mayAdminister && <Button onClick={() => setDeleting(true)}>{words.remove}</Button>}
        {policy && mayRun && <Button isBusy={runNow.isBusy} disabled={!policy.holds || (policy.nodes?.length ?? 0) === 0} onClick={() => void runNow.run()}>{words.run}</Button>}
      </PageHead>
      {runNow.error && <Problem error={runNow.error} />}
      <div class="grid main-aside">
        <form class="stack" onSubmit={submitting(() => void save.run())}>
          <Card title={words.what} aside={<Check label={words.asDocument} checked={isText || parsed === null} onChange={setText} />}>
            <fieldset disabled={!mayAdminister}>
              <legend class="unseen">{words.what}</legend>
              {isText || parsed === null ? (
                <TextArea label={words.document} hint={words.documentHint} value={document} onInput={setDocument} rows={24} />
              ) : (
                <PolicyFields form={toForm(parsed)} errors={errors} isNew={policy === null} onChange={(form) => setDocument(JSON.stringify(toDocument(form, parsed), null, 2))} />
              )}
            </fieldset>
            {elsewhere.map((problem) => <Problem key={`${problem.field} ${problem.problem}`} error={`${problem.field}: ${problem.problem} ${problem.remedy}`} />)}
            {save.error && <Problem error={save.error.status === 409 && policy !== null ? words.conflict : save.error} />}
            {mayAdminister && (
              <div class="form-actions">
                <Button submits kind="primary" isBusy={save.isBusy} disabled={!isChanged}>{words.save}</Button>
                {isChanged && policy !== null && <Button onClick={() => (setDocument(base.document), setProblems([]))}>{words.undo}</Button>}
              </div>
            )}
          </Card>
        </form>
        <div class="stack">
          <PolicyPreview document={settled} onProblems={setProblems} />
          {policy && <Followers policy={policy} />}
        </div>
      </div>
      {isDeleting && policy && (
        <Confirm title={words.removeTitle(policy.name ?? '')} action={words.remove} isDangerous run={async () => (await call('Policies/DeletePolicy', { name: policy.name ?? '' }), go('#/policies'))} onClose={() => setDeleting(false)}>
          <p>{words.removeWhat}</p>
        </Confirm>
      )}
    </>
  );
}

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), settleMs);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
