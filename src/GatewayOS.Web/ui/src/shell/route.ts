import { useEffect, useState } from 'preact/hooks';

/** Where in the pages somebody is. It stands behind the address's '#', so the appliance serves one document for all. */
export interface Route {
  page: string;
  /** What follows the page's name, unescaped. */
  rest: readonly string[];
  query: URLSearchParams;
}

/** Reads a route. */
export function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [page = '', ...rest] = path.split('/').map((part) => safelyDecoded(part));
  return { page: page || 'overview', rest: rest.filter((part) => part !== ''), query: new URLSearchParams(query) };
}

function safelyDecoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a place. What is empty is left out of the query. */
export function href(path: readonly string[], query: Record<string, string> = {}): string {
  const kept = Object.entries(query).filter(([, value]) => value !== '');
  const text = kept.length > 0 ? `?${new URLSearchParams(kept)}` : '';
  return `#/${path.map(encodeURIComponent).join('/')}${text}`;
}

/** Goes to an address. */
export function go(address: string): void {
  location.hash = address;
}

/** Goes to an address in place of the present one, for what is no step of its own. */
export function replace(address: string): void {
  history.replaceState(null, '', address);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

/** Where somebody is now. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => parse(location.hash));
  useEffect(() => {
    const read = () => setRoute(parse(location.hash));
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, []);
  return route;
}
