import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon, type IconName } from './Icon';

interface ButtonProps {
  children?: ComponentChildren;
  onClick?: () => void;
  kind?: 'primary' | 'plain' | 'danger' | 'quiet';
  icon?: IconName;
  isBusy?: boolean;
  disabled?: boolean;
  submits?: boolean;
  label?: string;
  pressed?: boolean;
}

/** A button. While its work is done it cannot be pressed again and says so. */
export function Button({ children, onClick, kind = 'plain', icon, isBusy = false, disabled = false, submits = false, label, pressed }: ButtonProps) {
  return (
    <button type={submits ? 'submit' : 'button'} class={`button ${kind}`} onClick={onClick} disabled={disabled || isBusy} aria-busy={isBusy} aria-label={label} aria-pressed={pressed} title={label}>
      {isBusy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} size={18} />}
      {children && <span>{children}</span>}
    </button>
  );
}

/** A link that looks like a button. */
export function ButtonLink({ href, children, kind = 'plain', icon, download = false }: { href: string; children: ComponentChildren; kind?: 'primary' | 'plain' | 'quiet'; icon?: IconName; download?: boolean }) {
  return (
    <a class={`button ${kind}`} href={href} {...(download ? { download: '' } : {})}>
      {icon && <Icon name={icon} size={18} />}
      <span>{children}</span>
    </a>
  );
}

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
}

function useField({ hint, error }: FieldProps) {
  const id = useId();
  const describedBy = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter((part) => part !== '').join(' ');
  return { id, attributes: { id, 'aria-describedby': describedBy || undefined, 'aria-invalid': error ? true : undefined } as const };
}

function Around({ id, label, hint, error, children }: FieldProps & { id: string; children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {error && <p class="field-error" id={`${id}-error`}>{error}</p>}
    </div>
  );
}

type InputProps = FieldProps & {
  value: string;
  onInput: (value: string) => void;
  type?: 'text' | 'password' | 'search' | 'number' | 'date';
  autocomplete?: string;
  placeholder?: string;
  required?: boolean;
  isFocused?: boolean;
  inputMode?: 'numeric' | 'text';
  mono?: boolean;
};

/** A line of text with its name, what it is for, and what is wrong with it. */
export function TextField(props: InputProps) {
  const { id, attributes } = useField(props);
  const focused = useRef<HTMLInputElement>(null);
  const { isFocused = false } = props;
  useEffect(() => {
    if (isFocused) {
      focused.current?.focus();
    }
  }, [isFocused]);
  return (
    <Around {...props} id={id}>
      <input
        {...attributes}
        class={props.mono ? 'mono' : ''}
        type={props.type ?? 'text'}
        value={props.value}
        onInput={(event) => props.onInput(event.currentTarget.value)}
        autocomplete={props.autocomplete ?? 'off'}
        placeholder={props.placeholder}
        required={props.required}
        inputMode={props.inputMode}
        spellcheck={false}
        ref={focused}
      />
    </Around>
  );
}

/** A line of text that one of many may be chosen for. */
export function Suggested(props: FieldProps & { value: string; onInput: (value: string) => void; options: readonly string[] }) {
  const { id, attributes } = useField(props);
  return (
    <Around {...props} id={id}>
      <input {...attributes} type="text" list={`${id}-options`} value={props.value} autocomplete="off" spellcheck={false} required onInput={(event) => props.onInput(event.currentTarget.value)} />
      <datalist id={`${id}-options`}>{props.options.map((option) => <option key={option} value={option} />)}</datalist>
    </Around>
  );
}

/** Several lines of text. */
export function TextArea(props: FieldProps & { value: string; onInput: (value: string) => void; rows?: number; placeholder?: string }) {
  const { id, attributes } = useField(props);
  return (
    <Around {...props} id={id}>
      <textarea {...attributes} class="mono" rows={props.rows ?? 4} value={props.value} placeholder={props.placeholder} spellcheck={false} onInput={(event) => props.onInput(event.currentTarget.value)} />
    </Around>
  );
}

/** One of several. */
export function Choice(props: FieldProps & { value: string; onChange: (value: string) => void; options: readonly (readonly [value: string, label: string])[] }) {
  const { id, attributes } = useField(props);
  return (
    <Around {...props} id={id}>
      <select {...attributes} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
        {props.options.map(([value, label]) => (
          <option key={value} value={value}>{label}</option>
        ))}
      </select>
    </Around>
  );
}

/** Yes or no. */
export function Check({ label, checked, onChange }: { label: string; checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

/** Handles a form's submission without leaving the page. */
export function submitting(action: () => void): (event: JSX.TargetedEvent<HTMLFormElement, Event>) => void {
  return (event) => {
    event.preventDefault();
    action();
  };
}
