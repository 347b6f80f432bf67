import { Check, Choice, TextArea, TextField } from '../../design/Controls';
import type { PolicyForm } from '../../logic/policyForm';
import { texts } from '../../texts';

const words = texts.policies;

interface FieldsProps {
  form: PolicyForm;
  errors: Partial<Record<string, string>>;
  isNew: boolean;
  onChange: (form: PolicyForm) => void;
}

/** A policy as fields. What is wrong stands beside each. */
export function PolicyFields({ form, errors, isNew, onChange }: FieldsProps) {
  const set = <K extends keyof PolicyForm>(field: K) => (value: PolicyForm[K]) => onChange({ ...form, [field]: value });
  const line = (field: Exclude<keyof PolicyForm, 'enabled' | 'schedule'>, label: string, hint?: string, placeholder?: string) => (
    <TextField label={label} {...(hint ? { hint } : {})} {...(placeholder ? { placeholder } : {})} error={errors[field]} value={form[field]} onInput={set(field)} />
  );
  return (
    <>
      {isNew && line('name', words.name, words.nameHint)}
      <Check label={words.enabled} checked={form.enabled} onChange={set('enabled')} />
      <h3>{words.sourcesTitle}</h3>
      <TextArea label={words.sources} hint={words.sourcesHint} error={errors['sources']} value={form.sources} onInput={set('sources')} rows={3} placeholder="/etc" />
      <TextArea label={words.excludes} hint={words.excludesHint} error={errors['excludes']} value={form.excludes} onInput={set('excludes')} rows={2} placeholder="*.iso" />
      <h3>{words.scheduleTitle}</h3>
      <div class="fields">
        <Choice label={words.mode} value={form.schedule} onChange={(value) => onChange({ ...form, schedule: value === 'cron' ? 'cron' : 'every' })} options={[['every', words.modeEvery], ['cron', words.modeCron]]} />
        {form.schedule === 'every' ? line('every', words.every, words.durationHint, '4h') : line('cron', words.cron, words.cronHint, '30 22 * * 1-5')}
        {line('window', words.window, words.windowHint, '22:00-06:00')}
        {line('zone', words.zone, words.zoneHint, 'Europe/Berlin')}
      </div>
      <h3>{words.retentionTitle}</h3>
      <p class="hint">{words.retentionHint}</p>
      <div class="fields thirds">
        {line('last', words.last)}
        {line('hourly', words.hourly)}
        {line('daily', words.daily)}
        {line('weekly', words.weekly)}
        {line('monthly', words.monthly)}
        {line('yearly', words.yearly)}
      </div>
      <div class="fields">
        {line('within', words.within, words.withinHint, '30d')}
        {line('lock', words.lock, words.lockHint, '14d')}
      </div>
      <h3>{words.proofTitle}</h3>
      <div class="fields">
        {line('drillEvery', words.drillEvery, words.drillHint, '7d')}
        {line('verifyEvery', words.verifyEvery, words.verifyHint, '30d')}
        <Choice label={words.priority} value={form.priority} error={errors['priority']} onChange={set('priority')} options={[['low', words.low], ['normal', words.normal], ['high', words.high]]} />
      </div>
    </>
  );
}
