import type { Methods } from './types';

const servicesPackage = 'gatewayos.v1.';

type Package = typeof servicesPackage;

/** A method that answers once, by service and method: what stands behind the package in its address. */
export type MethodName = { [Name in keyof Methods]: Name extends `${Package}${infer Short}` ? (Methods[Name]['streams'] extends false ? Short : never) : never }[keyof Methods];

/** A method that answers with a stream. */
export type StreamName = { [Name in keyof Methods]: Name extends `${Package}${infer Short}` ? (Methods[Name]['streams'] extends true ? Short : never) : never }[keyof Methods];

export type RequestOf<M extends MethodName | StreamName> = Methods[`${Package}${M}`]['request'];
export type ReplyOf<M extends MethodName | StreamName> = Methods[`${Package}${M}`]['reply'];

/** The address of a method. */
export function addressOf(method: MethodName | StreamName): string {
  return `/${servicesPackage}${method}`;
}
