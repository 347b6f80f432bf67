import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { may, type Right } from '../src/logic/roles';
import type { Self } from './api';

/** Who is signed in. */
export const SelfContext = createContext<Self>({});

/** Who is signed in. */
export function useSelf(): Self {
  return useContext(SelfContext);
}

/** True when the role has a right. The control plane judges every request itself. */
export function useMay(right: Right): boolean {
  return may(useSelf().role ?? '', right);
}

/** True for the provider, who has the tenants. */
export function useIsProvider(): boolean {
  return (useSelf().tenant ?? '') === '';
}
