import { post, type Reading } from '../src/api/client';
import { useResource, type Resource } from '../src/api/resource';
import type { FleetTokenInfo, Methods } from './types';

const service = 'gatewayos.v1.Fleet/';

/** So often what is shown is read anew; appliances tell how they are every half minute. */
const refreshMs = 10_000;

/** Whose token somebody is signed in with. */
export type Self = FleetTokenInfo;

type Service = typeof service;

/** A method of the control plane. */
export type FleetMethod = { [Name in keyof Methods]: Name extends `${Service}${infer Short}` ? Short : never }[keyof Methods];

/** Calls a method. */
export function fleet<M extends FleetMethod>(method: M, request: Methods[`${Service}${M}`]['request'], reading?: Reading): Promise<Methods[`${Service}${M}`]['reply']> {
  return post<Methods[`${Service}${M}`]['reply']>(`/${service}${method}`, request, reading);
}

/** A method's reply, kept fresh. */
export function useFleet<M extends FleetMethod>(method: M, request: Methods[`${Service}${M}`]['request'], everyMs = refreshMs): Resource<Methods[`${Service}${M}`]['reply']> {
  return useResource(`${method} ${JSON.stringify(request)}`, (reading) => fleet(method, request, reading), [], everyMs);
}
