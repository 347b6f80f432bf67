import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api/client';
import type { Resource } from '../api/resource';
import { texts } from '../texts';
import { Button } from './Controls';
import { Icon, type IconName } from './Icon';

/** The head of a page: its name, a line about it, and what can be done there. */
export function PageHead({ title, lead, back, children }: { title: string; lead?: ComponentChildren; back?: { href: string; label: string }; children?: ComponentChildren }) {
  return (
    <header class="page-head">
      <div>
        {back && (
          <a class="back" href={back.href}>
            <Icon name="chevron" size={16} /> {back.label}
          </a>
        )}
        <h1 tabIndex={-1}>{title}</h1>
        {lead && <p class="lead">{lead}</p>}
      </div>
      {children && <div class="actions">{children}</div>}
    </header>
  );
}

/** A part of a page. */
export function Card({ title, aside, children, class: more = '' }: { title?: string; aside?: ComponentChildren; children: ComponentChildren; class?: string }) {
  return (
    <section class={`card ${more}`}>
      {title && (
        <div class="card-head">
          <h2>{title}</h2>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}

/** What stands where nothing is yet: what that means, and what to do next. */
export function Empty({ icon, title, children, action }: { icon: IconName; title: string; children: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} size={36} />
      <h3>{title}</h3>
      <p>{children}</p>
      {action}
    </div>
  );
}

/** What the appliance said when it refused; its words carry the remedy. */
export function messageOf(error: ApiError): string {
  if (error.status === 0) {
    return texts.errors.unreachable;
  }

  return error.message || (error.status === 403 ? texts.errors.notAllowed : texts.errors.unnamed(error.status));
}

/** A refusal or failure, on the page. */
export function Problem({ error, retry }: { error: ApiError | string; retry?: () => void }) {
  return (
    <div class="problem" role="alert">
      <Icon name="bad" />
      <span>{typeof error === 'string' ? error : messageOf(error)}</span>
      {retry && <Button onClick={retry}>{texts.actions.tryAgain}</Button>}
    </div>
  );
}

/** Shows what was read; until then that it is being read, and what went wrong. */
export function Loaded<T>({ of, children, lines = 4 }: { of: Resource<T>; children: (value: T) => ComponentChildren; lines?: number }) {
  if (of.value === null) {
    return of.error ? <Problem error={of.error} retry={() => void of.reload()} /> : <Loading lines={lines} />;
  }

  return (
    <>
      {of.error && <Problem error={texts.errors.stale} retry={() => void of.reload()} />}
      {children(of.value)}
    </>
  );
}

function Loading({ lines }: { lines: number }) {
  return (
    <div class="loading" role="status">
      <span class="unseen">{texts.loading}</span>
      {Array.from({ length: lines }, (_, i) => (
        <div class="bone" key={i} style={{ width: `${90 - ((i * 23) % 50)}%` }} />
      ))}
    </div>
  );
}

/** Names and values, one below the other. */
export function Facts({ rows }: { rows: (readonly [string, ComponentChildren] | null | false)[] }) {
  return (
    <dl class="facts">
      {rows.map((row) => row && (
        <div key={row[0]}>
          <dt>{row[0]}</dt>
          <dd>{row[1]}</dd>
        </div>
      ))}
    </dl>
  );
}
